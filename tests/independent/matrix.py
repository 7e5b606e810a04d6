import shutil,sys
shutil.copytree(sys.argv[2], "/tmp/w/indep/t", dirs_exist_ok=True, ignore=shutil.ignore_patterns("pg","sock"))

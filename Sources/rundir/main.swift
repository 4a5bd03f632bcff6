print("rundir")

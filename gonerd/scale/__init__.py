"""Running a stage's steps on one machine or on many: datatrove's executors behind one function."""

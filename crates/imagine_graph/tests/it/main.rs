//! Operators, generators and requests as a whole; hostile files; the corpus of the fuzz targets; the Python reference.

mod fuzz_corpus;
mod generator_roles;
mod hostile_files;
mod operator_faults;
mod operators;
mod prompt_input;
mod reference_files;

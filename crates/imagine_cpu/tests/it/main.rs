//! The kernels beside the reference in Python.

mod reference;

//! The kernels beside the reference in Python, and operators beside their formulas.

mod chains;
mod convolutions;
mod operators;
mod oracle;
mod reference;

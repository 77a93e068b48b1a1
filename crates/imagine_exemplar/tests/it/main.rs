//! Synthesis by example, from exemplars that the tests draw themselves.

mod drawn;
mod fits;
mod folders;
mod patches;
mod refusals;
mod regular;

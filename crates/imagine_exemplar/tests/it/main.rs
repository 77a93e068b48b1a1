//! Synthesis by example, from exemplars that the tests draw themselves.

mod cases;
mod choices;
mod drawn;
mod fits;
mod folders;
mod jpeg;
mod patches;
mod refusals;
mod regular;
mod stored;

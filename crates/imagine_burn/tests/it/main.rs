//! Operators and whole generators on burn-flex: against their shape rules, central differences, and answers from elsewhere.

mod generate;
mod gradients;
mod known_answers;
mod operators;
mod python_reference;

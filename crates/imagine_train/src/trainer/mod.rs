//! Trainers: one for each family of networks.

pub mod texture;

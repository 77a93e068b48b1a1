//! The graphs of small models, the message of every fault, and generators made from models.

mod attention;
mod calls;
mod casts;
mod decompositions;
mod empty;
mod faults;
mod fold;
mod functions;
mod generator;
mod image_layouts;
mod loops;
mod models;
mod open_dimensions;
mod opsets_1_to_6;
mod rewrites;
mod tensors;
mod top_k;
mod windows;

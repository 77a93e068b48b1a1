//! Tests of the examples: the labels of the gallery, and the first example.

mod first_material;
mod gallery;

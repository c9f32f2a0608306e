//! The rules of the house: this repository keeps them, and each rule finds what it is for.

mod repository;
mod samples;

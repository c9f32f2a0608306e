//! The cold encodings, for parts that compaction writes: few bytes, slower to decode than the hot encoding.
//!
//! There are two. [`HuffmanEncoding`] is for cells with few values and decodes fast. [`RansEncoding`] needs a
//! sixth of its bytes for cells with many values. `benches/CODEC.md` has the measurements. They share the
//! cell loop (`cells`) and differ in how numbers, outcome classes, buckets and sums are coded.
//!
//! In order, each module imports only modules before it: `run` (the numbers of the cells), `residual` (sums
//! relative to the buckets), `cells` (the shared loop), `sections` and `permutation` (values in Huffman
//! codes), `huffman`, `tree` (values in an entropy coder), `rans`.

mod cells;
mod huffman;
mod permutation;
mod rans;
mod residual;
mod run;
mod sections;
mod tree;

pub(crate) use cells::{SEGMENT_CELLS, decode, encode};
pub(crate) use huffman::HuffmanEncoding;
pub(crate) use rans::RansEncoding;

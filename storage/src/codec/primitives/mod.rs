//! Building blocks of the encodings: bytes, bits, and the codes for numbers and counts.
//!
//! In order, each module imports only modules before it: `bytes`, `bits`, `prefix` (Huffman codes), `rans`
//! (an entropy coder), `number_class`, `weights`, `prefix_number` and `rans_number` (columns of numbers in
//! either code), `halving` and `binomial` (how a number of items splits in two, in either code).

pub(crate) mod binomial;
pub(crate) mod bits;
pub(crate) mod bytes;
pub(crate) mod halving;
pub(crate) mod number_class;
pub(crate) mod prefix;
pub(crate) mod prefix_number;
pub(crate) mod rans;
pub(crate) mod rans_number;
pub(crate) mod weights;

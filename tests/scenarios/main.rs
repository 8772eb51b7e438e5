//! The scenarios.

mod first_start;

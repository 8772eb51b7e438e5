//! Ids, clock, randomness, caller, errors, paging and the Sql port: what every other crate speaks. No I/O.

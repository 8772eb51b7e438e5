//! What may fail.

use crate::Component;
use crate::bindings::exports::test::plain::calc;

impl calc::Guest for Component {
    fn divide(left: i64, right: i64) -> Result<i64, calc::Failure> {
        if right == 0 {
            return Err(calc::Failure::DivisionByZero);
        }
        left.checked_div(right).ok_or(calc::Failure::Overflow((left, right)))
    }

    fn root(of: f64) -> Result<f64, String> {
        if of < 0.0 { Err(format!("{of} has no root")) } else { Ok(of.sqrt()) }
    }

    fn attempt(works: bool) -> Result<(), ()> {
        if works { Ok(()) } else { Err(()) }
    }

    fn nothing() {}
}

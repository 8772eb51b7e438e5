//! The same work as the toolbox's `semver_compare`, through types of its own: what the contract costs beside it is
//! measured.

use std::cmp::Ordering;

use semver::{Version, VersionReq};

use crate::Component;
use crate::bindings::exports::test::plain::versions::{Comparison, Difference, Guest, Matches, Order};

impl Guest for Component {
    fn compare(left: String, right: String, requirement: Option<String>) -> Result<Comparison, String> {
        let (left, right) = (version(&left)?, version(&right)?);
        let requirement = requirement.map(|text| VersionReq::parse(&text)).transpose();
        let requirement = requirement.map_err(|error| format!("not a requirement: {error}"))?;
        let ordering = match left.cmp_precedence(&right) {
            Ordering::Less => Order::Less,
            Ordering::Equal => Order::Equal,
            Ordering::Greater => Order::Greater,
        };
        let matches = requirement.map(|wanted| Matches { left: wanted.matches(&left), right: wanted.matches(&right) });
        Ok(Comparison { ordering, difference: difference(&left, &right), matches })
    }
}

fn version(text: &str) -> Result<Version, String> {
    let text = text.trim();
    let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
    Version::parse(number).map_err(|error| format!("{text:?} is not a semantic version: {error}"))
}

fn difference(left: &Version, right: &Version) -> Difference {
    if left.major != right.major {
        Difference::Major
    } else if left.minor != right.minor {
        Difference::Minor
    } else if left.patch != right.patch {
        Difference::Patch
    } else if left.pre != right.pre {
        Difference::Prerelease
    } else if left.build != right.build {
        Difference::Build
    } else {
        Difference::None
    }
}

//! Rounds: each subject in turn, again and again.

use std::time::Duration;

use anyhow::Context;

use crate::fleet::{Fleet, Target};
use crate::load::{self, Load};
use crate::options::Options;
use crate::subject::Subject;

/// Before the first round: code is paged in, pools and caches are filled.
const FIRST_WARM_UP: Duration = Duration::from_secs(2);
/// Before each measurement: the server before leaves the processor's caches.
const WARM_UP: Duration = Duration::from_millis(250);

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) load: Load,
    /// The server's CPU time.
    pub(crate) cpu: Option<Duration>,
}

/// Every measurement of a subject.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) subject: Subject,
    pub(crate) rounds: Vec<Round>,
}

/// Measures.
///
/// # Errors
/// When an answer is wrong or a server goes away.
pub(crate) fn measure(fleet: &Fleet, subjects: &[Subject], options: &Options) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<Measured> =
        subjects.iter().map(|subject| Measured { subject: *subject, rounds: Vec::new() }).collect();
    let put = |subject: Subject, duration| {
        let Target { server, workload } = fleet.target(subject)?;
        load::put(server.address, workload, options.connections, duration)
            .with_context(|| format!("{}\n{}", subject.title(), server.log_tail()))
    };
    for subject in subjects {
        put(*subject, FIRST_WARM_UP)?;
    }
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for Measured { subject, rounds } in &mut measured {
            put(*subject, WARM_UP)?;
            let server = &fleet.target(*subject)?.server;
            let before = server.cpu_time();
            let load = put(*subject, options.seconds)?;
            let cpu = server.cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before));
            rounds.push(Round { load, cpu });
        }
    }
    Ok(measured)
}

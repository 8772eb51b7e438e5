//! What was measured, for people and for scripts.

use std::fmt;

use serde::Serialize;

use crate::credentials::Credentials;
use crate::hostile::Hostile;
use crate::in_process::{InProcess, Plain};
use crate::many::Many;
use crate::options::Options;
use crate::rounds::Measured;
use crate::subject::Subject;

/// Everything, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    connections: usize,
    rounds: usize,
    seconds_per_round: f64,
    in_process: Vec<InProcess>,
    plain: Plain,
    subjects: Vec<Figures>,
    hostile: Option<Hostile>,
    many: Option<Many>,
    credentials: Option<Credentials>,
}

#[derive(Debug, Serialize)]
struct Figures {
    subject: Subject,
    title: &'static str,
    includes: &'static str,
    calls_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// CPU time of the server's process, without its database server's.
    server_cpu_us_per_call: Option<f64>,
    ratio: Option<Ratio>,
    other_ratio: Option<Ratio>,
    p99_ratios: Vec<P99Ratio>,
}

/// The p99 over all rounds as a multiple of the baseline's.
#[derive(Debug, PartialEq, Serialize)]
struct P99Ratio {
    baseline: Subject,
    ratio: f64,
    mark: f64,
}

/// Calls per second as a share of the baseline's, round by round.
#[derive(Debug, PartialEq, Serialize)]
struct Ratio {
    baseline: Subject,
    #[serde(flatten)]
    rounds: Spread,
    mark: Option<f64>,
}

/// What came of several rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    /// `None` without rounds.
    pub(crate) fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_unstable_by(f64::total_cmp);
        let (lowest, highest) = (*rounds.first()?, *rounds.last()?);
        let middle = rounds.len() / 2;
        let even = rounds.len().is_multiple_of(2);
        let median = if even { (rounds[middle - 1] + rounds[middle]) / 2.0 } else { rounds[middle] };
        Some(Self { median, lowest, highest })
    }
}

impl Report {
    pub(crate) fn new(
        options: &Options,
        (in_process, plain): (Vec<InProcess>, Plain),
        measured: &[Measured],
        (hostile, many, credentials): (Option<Hostile>, Option<Many>, Option<Credentials>),
    ) -> Self {
        let subjects = measured.iter().map(|one| figures(one, measured)).collect();
        let seconds_per_round = options.seconds.as_secs_f64();
        Self {
            connections: options.connections,
            rounds: options.rounds,
            seconds_per_round,
            in_process,
            plain,
            subjects,
            hostile,
            many,
            credentials,
        }
    }
}

/// Of all rounds, in ascending order.
fn latencies(measured: &Measured) -> Vec<u32> {
    let rounds = measured.rounds.iter();
    let mut latencies: Vec<u32> = rounds.flat_map(|round| round.load.latencies.iter().copied()).collect();
    latencies.sort_unstable();
    latencies
}

fn p99_ratio(one: &Measured, all: &[Measured], baseline: Subject) -> Option<P99Ratio> {
    let mark = one.subject.p99_mark()?;
    let other = all.iter().find(|measured| measured.subject == baseline)?;
    let ratio = quantile(&latencies(one), 0.99) / quantile(&latencies(other), 0.99);
    Some(P99Ratio { baseline, ratio, mark })
}

fn figures(one: &Measured, all: &[Measured]) -> Figures {
    let latencies = latencies(one);
    let baselines = [one.subject.baseline(), one.subject.other_baseline()];
    let calls = latencies.len() as f64;
    let seconds: f64 = one.rounds.iter().map(|round| round.load.elapsed.as_secs_f64()).sum();
    let cpu: Option<f64> = one.rounds.iter().map(|round| round.cpu.map(|cpu| cpu.as_secs_f64())).sum();
    Figures {
        subject: one.subject,
        title: one.subject.title(),
        includes: one.subject.includes(),
        calls_per_second: calls / seconds,
        p50_ms: quantile(&latencies, 0.5),
        p99_ms: quantile(&latencies, 0.99),
        server_cpu_us_per_call: cpu.map(|cpu| cpu * 1e6 / calls),
        ratio: one.subject.baseline().and_then(|baseline| ratio(one, all, baseline, one.subject.mark())),
        other_ratio: one.subject.other_baseline().and_then(|baseline| ratio(one, all, baseline, one.subject.mark())),
        p99_ratios: baselines.into_iter().flatten().filter_map(|baseline| p99_ratio(one, all, baseline)).collect(),
    }
}

/// Of sorted microseconds, in milliseconds.
pub(crate) fn quantile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
}

fn ratio(one: &Measured, all: &[Measured], baseline: Subject, mark: Option<f64>) -> Option<Ratio> {
    let other = all.iter().find(|measured| measured.subject == baseline)?;
    let rounds = one.rounds.iter().zip(&other.rounds);
    let ratios = rounds.map(|(one, other)| one.load.calls_per_second() / other.load.calls_per_second());
    Some(Ratio { baseline, rounds: Spread::of(ratios.collect())?, mark })
}

pub(crate) fn met(is: bool) -> &'static str {
    if is { "met" } else { "MISSED" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, rounds, seconds_per_round, .. } = self;
        writeln!(f, "{connections} connections, {rounds} interleaved rounds of {seconds_per_round} s each\n")?;
        writeln!(f, "{:46}{:>9}{:>9}{:>9}{:>10}  ratio", "", "calls/s", "p50 ms", "p99 ms", "CPU us")?;
        for figures in &self.subjects {
            let Figures { title, calls_per_second, p50_ms, p99_ms, .. } = figures;
            write!(f, "{title:46}{calls_per_second:>9.0}{p50_ms:>9.2}{p99_ms:>9.2}")?;
            match figures.server_cpu_us_per_call {
                Some(cpu) => write!(f, "{cpu:>10.0}")?,
                None => write!(f, "{:>10}", "-")?,
            }
            match &figures.ratio {
                Some(ratio) => writeln!(f, "  {ratio}")?,
                None => writeln!(f, "  baseline")?,
            }
        }
        for figures in &self.subjects {
            if let Some(ratio) = &figures.other_ratio {
                writeln!(f, "  {} / {}: {ratio}", figures.title, ratio.baseline.title())?;
            }
            for P99Ratio { baseline, ratio, mark } in &figures.p99_ratios {
                let met = met(ratio <= mark);
                writeln!(f, "  {} / {}: p99 {ratio:.2}, mark {mark} {met}", figures.title, baseline.title())?;
            }
        }
        writeln!(f, "\nRatios are medians over the rounds. CPU is the server's process's for one call. It includes:")?;
        for figures in &self.subjects {
            writeln!(f, "  {:46}{}", figures.title, figures.includes)?;
        }
        writeln!(f, "\nOne call in this process, p50:")?;
        for InProcess { tool, native_p50_us, sandbox_p50_us, mark_us } in &self.in_process {
            write!(f, "  {tool:16} native {native_p50_us:6.1} us, in a fresh sandbox {sandbox_p50_us:6.1} us")?;
            match mark_us {
                Some(mark) => writeln!(f, ", mark {mark} us {}", met(sandbox_p50_us <= mark))?,
                None => writeln!(f)?,
            }
        }
        let Plain { tool, contract_p50_us, plain_p50_us, ratio, mark } = &self.plain;
        let met = met(ratio <= mark);
        writeln!(
            f,
            "  {tool:16} through the contract {contract_p50_us:6.1} us, as a plain component {plain_p50_us:6.1} us: \
             {ratio:.2}, mark {mark} {met}"
        )?;
        if let Some(hostile) = &self.hostile {
            write!(f, "\n{hostile}")?;
        }
        if let Some(many) = &self.many {
            write!(f, "\n{many}")?;
        }
        if let Some(credentials) = &self.credentials {
            write!(f, "\n{credentials}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rounds)?;
        match self.mark {
            Some(mark) => write!(f, ", mark {mark} {}", met(self.rounds.median >= mark)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, lowest, highest } = self;
        write!(f, "{median:.2} ({lowest:.2} to {highest:.2})")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Load;
    use crate::rounds::Round;

    fn measured(subject: Subject, calls: &[usize]) -> Measured {
        let round = |calls: &usize| {
            let load = Load { elapsed: Duration::from_secs(1), latencies: (1..=*calls as u32).collect() };
            Round { load, cpu: Some(Duration::from_millis(500)) }
        };
        Measured { subject, rounds: calls.iter().map(round).collect() }
    }

    #[test]
    fn a_ratio_compares_within_a_round() {
        let all = [measured(Subject::Native, &[100, 1000, 200]), measured(Subject::Sandbox, &[80, 700, 180])];
        let rounds = Spread { median: 0.8, lowest: 0.7, highest: 0.9 };
        let expected = Ratio { baseline: Subject::Native, rounds, mark: Some(0.9) };
        assert_eq!(ratio(&all[1], &all, Subject::Native, Some(0.9)), Some(expected));
        assert_eq!(ratio(&all[1], &all, Subject::ManualJq, None), None);
    }

    #[test]
    fn of_an_even_number_of_rounds_the_middle_two_count() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]).map(|spread| spread.median), Some(2.5));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn figures_are_over_all_rounds() {
        let all = [measured(Subject::Native, &[100, 100])];
        let figures = figures(&all[0], &all);
        assert!((figures.calls_per_second - 100.0).abs() < 1e-9);
        assert!((figures.server_cpu_us_per_call.expect("was measured") - 5000.0).abs() < 1e-6);
        assert!(figures.ratio.is_none());
    }

    #[test]
    fn quantiles_are_of_the_sorted_latencies() {
        let sorted: Vec<u32> = (0..=100).map(|n| n * 1000).collect();
        assert!((quantile(&sorted, 0.99) - 99.0).abs() < 1e-9);
        assert!(quantile(&[], 0.5).is_nan());
    }
}

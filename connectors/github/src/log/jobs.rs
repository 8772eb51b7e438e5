//! The jobs of a run, and which files of its archive are theirs.

use bulkhead_connector_kit::ToolError;
use serde::Deserialize;

use super::archive::Entry;

/// The most UTF-16 code units that a job's name keeps in the archive.
const MAX_NAME: usize = 90;
/// How many jobs are named to whoever asks for one that is not there.
const SHOWN: usize = 30;

/// A job, as GitHub lists it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) run_attempt: Option<u64>,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) html_url: Option<String>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// A step of a job.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) conclusion: Option<String>,
}

fn failed(conclusion: Option<&str>) -> bool {
    matches!(conclusion, Some("failure" | "timed_out" | "startup_failure"))
}

impl Job {
    pub(crate) fn failed(&self) -> bool {
        failed(self.conclusion.as_deref())
    }

    /// A job that still runs has no log yet, and one that was skipped never gets one.
    pub(crate) fn has_log(&self) -> bool {
        self.status == "completed" && self.conclusion.as_deref() != Some("skipped")
    }

    /// The step with this number.
    pub(crate) fn step(&self, number: u64) -> Option<&Step> {
        self.steps.iter().find(|step| step.number == number)
    }
}

impl Step {
    pub(crate) fn failed(&self) -> bool {
        failed(self.conclusion.as_deref())
    }
}

/// The jobs that are asked for: by id or name, by a part of the name when nothing has it as a whole.
pub(crate) fn choose(jobs: &[Job], wanted: Option<&str>, failed_only: bool) -> Result<Vec<Job>, ToolError> {
    let alike: Box<dyn Fn(&Job) -> bool> = match wanted.map(|wanted| (wanted, wanted.to_lowercase())) {
        None => Box::new(|_| true),
        Some((id, _)) if jobs.iter().any(|job| job.id.to_string() == id) => {
            Box::new(move |job| job.id.to_string() == id)
        }
        Some((_, name)) if jobs.iter().any(|job| job.name.to_lowercase() == name) => {
            Box::new(move |job| job.name.to_lowercase() == name)
        }
        Some((_, part)) if jobs.iter().any(|job| job.name.to_lowercase().contains(&part)) => {
            Box::new(move |job| job.name.to_lowercase().contains(&part))
        }
        Some(_) => {
            let names: Vec<_> = jobs.iter().take(SHOWN).map(|job| format!("{} ({})", job.name, job.id)).collect();
            let more = if jobs.len() > SHOWN { ", …" } else { "" };
            let message = format!("names no job of the run; its jobs are {}{more}", names.join(", "));
            return Err(ToolError::invalid("/job", message));
        }
    };
    Ok(jobs.iter().filter(|job| alike(job) && (!failed_only || job.failed())).cloned().collect())
}

/// The entries of a job: its steps, or when there are none all of it together. None where a name could mean another
/// job too: GitHub drops characters from names, shortens them, and numbers those that then are the same.
pub(crate) fn entries<'a>(entries: &'a [(usize, Entry)], job: &Job, jobs: &[Job]) -> Vec<&'a (usize, Entry)> {
    let name = in_archive(&job.name);
    if jobs.iter().filter(|other| in_archive(&other.name) == name).count() > 1 {
        return Vec::new();
    }
    let mut steps: Vec<_> = entries
        .iter()
        .filter(|(_, entry)| matches!(entry, Entry::Step { job, .. } if in_archive(job) == name))
        .collect();
    if steps.is_empty() {
        return entries
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::Job { job } if in_archive(job) == name))
            .collect();
    }
    steps.sort_by_key(|(_, entry)| if let Entry::Step { number, .. } = entry { *number } else { 0 });
    steps
}

/// A job's name without what the archive's names leave out.
fn in_archive(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !"/\\:*?\"<>|".contains(*c) && !c.is_control()).collect();
    let mut units = 0;
    let short: String = kept
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= MAX_NAME
        })
        .collect();
    short.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(id: u64, name: &str, conclusion: &str) -> Job {
        serde_json::from_value(json!({"id": id, "name": name, "status": "completed", "conclusion": conclusion}))
            .expect("is a job")
    }

    fn jobs() -> Vec<Job> {
        vec![job(1, "build", "success"), job(2, "test / unit", "failure"), job(3, "build (arm64)", "timed_out")]
    }

    fn ids(wanted: Option<&str>, failed_only: bool) -> Vec<u64> {
        choose(&jobs(), wanted, failed_only).expect("is there").iter().map(|job| job.id).collect()
    }

    #[test]
    fn jobs_are_chosen_by_id_name_and_part_of_the_name() {
        assert_eq!(ids(None, false), [1, 2, 3]);
        assert_eq!(ids(None, true), [2, 3]);
        assert_eq!(ids(Some("3"), false), [3]);
        assert_eq!(ids(Some("Build"), false), [1]);
        assert_eq!(ids(Some("unit"), false), [2]);
        assert_eq!(ids(Some("buil"), false), [1, 3]);
        assert_eq!(ids(Some("build"), true), Vec::<u64>::new());
        let refused = choose(&jobs(), Some("deploy"), false).expect_err("is not there").to_string();
        assert_eq!(
            refused,
            "/job: names no job of the run; its jobs are build (1), test / unit (2), build (arm64) (3)"
        );
    }

    #[test]
    fn entries_are_found_although_names_lose_characters() {
        let step = |job: &str, number| Entry::Step { job: job.to_owned(), number, name: "Run".to_owned() };
        let whole = |job: &str| Entry::Job { job: job.to_owned() };
        let long = format!("{} / deploy", "ä".repeat(95));
        let listed = [
            (0, whole("build")),
            (1, step("test  unit", 10)),
            (2, step("test  unit", 9)),
            (3, whole("test  unit")),
            (4, step(&"ä".repeat(90), 1)),
        ];
        let mut jobs = jobs();
        jobs.push(job(4, &long, "success"));
        let found = |job: &Job, jobs: &[Job]| entries(&listed, job, jobs).iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(found(&jobs[0], &jobs), [0]);
        assert_eq!(found(&jobs[1], &jobs), [2, 1]);
        assert_eq!(found(&jobs[2], &jobs), Vec::<usize>::new());
        assert_eq!(found(&jobs[3], &jobs), [4]);
        // Whose of the two it is, nobody can tell.
        jobs.push(job(5, "build", "failure"));
        assert_eq!(found(&jobs[0], &jobs), Vec::<usize>::new());
    }

    #[test]
    fn only_a_job_that_ran_to_its_end_has_a_log() {
        assert!(job(1, "a", "failure").has_log() && job(1, "a", "cancelled").has_log());
        assert!(!job(1, "a", "skipped").has_log());
        let running =
            serde_json::from_value::<Job>(json!({"id": 1, "name": "a", "status": "in_progress", "conclusion": null}));
        assert!(!running.expect("is a job").has_log());
    }
}

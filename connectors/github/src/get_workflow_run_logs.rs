//! `get_workflow_run_logs`: what the jobs of a workflow run printed at their ends.
//!
//! GitHub redirects to a signed address at another host, where the logs of all jobs are one archive with a file for each
//! step. It is asked for first: one request serves all jobs, and an agent that knows which step failed reads that
//! step alone. Where the archive is not there yet (the run goes on), is too large, or lacks a job (it happens, and
//! names in it are ambiguous), the job's own log is read instead, which is one text without steps.

use bulkhead_connector_kit::http::{HttpError, Request, Response};
use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, has_more, in_repository, next, retries};
use crate::argument::{Id, Owner, Repo, Text, Whole};
use crate::log::archive::{Archive, Entry, MAX_ARCHIVE};
use crate::log::jobs::{Job, choose, entries};
use crate::log::tail::{Tail, Wanted, tail};
use crate::refusal::ApiError;

/// How many pages of 100 jobs are read.
const MAX_PAGES: usize = 5;
/// How many jobs are read one by one, at most: each takes two requests.
const MAX_SINGLE: usize = 10;
/// The most bytes of one job's own log.
const MAX_JOB_LOG: u64 = 16 * 1024 * 1024;

/// Which run, and how much of its logs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetWorkflowRunLogsInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The run's id, as `list_workflow_runs` gives it.
    run_id: Id,
    /// Which attempt of the run. The last one when absent.
    #[serde(default)]
    attempt: Option<Whole<1, 10_000>>,
    /// Only this job: its id, its name, or a part of its name.
    #[serde(default)]
    job: Option<Text<1, 500>>,
    /// Only jobs that failed, and of those only the steps that failed.
    #[serde(default)]
    failed_only: bool,
    /// Give at most this many lines of each step, from its end.
    #[serde(default = "default_lines")]
    tail_lines: Whole<1, 5_000>,
    /// Give at most this many bytes of logs in all. Steps that failed come first when there is not room for all.
    #[serde(default = "default_bytes")]
    max_bytes: Whole<1_000, 200_000>,
    /// Keep the time in front of each line.
    #[serde(default)]
    timestamps: bool,
    /// Keep colours and other terminal codes.
    #[serde(default)]
    colors: bool,
}

const fn default_lines() -> Whole<1, 5_000> {
    Whole::new(100)
}

const fn default_bytes() -> Whole<1_000, 200_000> {
    Whole::new(60_000)
}

/// The logs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GetWorkflowRunLogsOutput {
    /// The run's id.
    run_id: u64,
    /// Which attempt these are of.
    attempt: Option<u64>,
    /// The jobs that were asked for, in GitHub's order.
    jobs: Vec<JobLog>,
    /// Present and true when the run has more jobs than are looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more_jobs: bool,
    /// The run's web page.
    url: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct JobLog {
    /// The job's id.
    id: u64,
    /// Its name.
    name: String,
    /// For example `queued`, `in_progress` or `completed`.
    status: String,
    /// For example `success`, `failure`, `cancelled` or `skipped`. Null until it is completed.
    conclusion: Option<String>,
    /// What its steps printed. Empty when there is no log, as `note` says.
    steps: Vec<StepLog>,
    /// Why something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Its web page.
    url: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StepLog {
    /// Its number. Null when the log is one of the whole job, not divided into steps.
    number: Option<u64>,
    /// Its name.
    name: Option<String>,
    /// For example `success`, `failure` or `skipped`.
    conclusion: Option<String>,
    /// The end of what it printed.
    log: String,
    /// How many lines there are before that.
    omitted_lines: u64,
    /// Why something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// The tool.
pub struct GetWorkflowRunLogs;

impl Tool for GetWorkflowRunLogs {
    const NAME: &'static str = "get_workflow_run_logs";
    const TITLE: &'static str = "Get a workflow run's logs";
    const DESCRIPTION: &'static str = "Gives the end of what the jobs and steps of a GitHub Actions workflow run \
        printed, without timestamps and colours. Use it with failed_only to learn why a run failed.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = GetWorkflowRunLogsInput;
    type Output = GetWorkflowRunLogsOutput;

    fn call(input: GetWorkflowRunLogsInput) -> Result<GetWorkflowRunLogsOutput, ToolError> {
        let api = Api::new()?;
        let (jobs, more_jobs) = list(&api, &input)?;
        let chosen = choose(&jobs, input.job.as_ref().map(Text::as_str), input.failed_only)?;
        let mut reading = Reading {
            wanted: Wanted { lines: input.tail_lines.length(), timestamps: input.timestamps, colors: input.colors },
            left: input.max_bytes.length(),
            failed_only: input.failed_only,
        };
        let mut logs: Vec<_> = chosen.iter().map(JobLog::without).collect();
        let mut archive = if chosen.iter().any(Job::has_log) { archive(&api, &input)? } else { Ok(None) };
        let mut single = 0;
        // Those that failed are read first, so that what there is room for is what is looked for.
        let mut order: Vec<_> = (0..chosen.len()).filter(|index| chosen[*index].has_log()).collect();
        order.sort_by_key(|index| !chosen[*index].failed());
        for index in order {
            let (job, log) = (&chosen[index], &mut logs[index]);
            if let Ok(Some(archive)) = &mut archive {
                log.steps = reading.steps(archive, job, &jobs);
            }
            if !log.steps.is_empty() {
                continue;
            }
            if single == MAX_SINGLE {
                log.note = Some("its log was not read: ask for this job alone".to_owned());
                continue;
            }
            single += 1;
            match job_log(&api, &input, job, reading) {
                Ok(tail) => log.steps = vec![reading.whole(tail)],
                Err(error) => log.note = Some(error.to_string()),
            }
            if let Err(reason) = &archive
                && log.note.is_none()
            {
                log.note = Some(format!("this is the log of the whole job, because {reason}"));
            }
        }
        let url = api.web(&input.owner, &input.repo, &format!("/actions/runs/{}", input.run_id));
        let attempt = input.attempt.map(Whole::get).or_else(|| jobs.iter().filter_map(|job| job.run_attempt).max());
        Ok(GetWorkflowRunLogsOutput { run_id: input.run_id.get(), attempt, jobs: logs, more_jobs, url })
    }

    fn text(output: &GetWorkflowRunLogsOutput) -> Option<String> {
        Some(output.written())
    }
}

/// The path of the run, or of one of its attempts, and what follows.
fn run(input: &GetWorkflowRunLogsInput, rest: &str) -> String {
    let attempt = input.attempt.map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
    in_repository(&input.owner, &input.repo, &format!("/actions/runs/{}{attempt}{rest}", input.run_id))
}

/// The run's jobs, and whether there are more of them.
fn list(api: &Api, input: &GetWorkflowRunLogsInput) -> Result<(Vec<Job>, bool), ApiError> {
    #[derive(Deserialize)]
    struct Data {
        jobs: Vec<Job>,
    }
    let mut jobs = Vec::new();
    for page in 1..=MAX_PAGES {
        let response = api.get(&run(input, "/jobs"), &[("per_page", "100"), ("page", &page.to_string())])?;
        jobs.extend(api::json::<Data>(&response)?.jobs);
        if !has_more(&response) {
            return Ok((jobs, false));
        }
    }
    Ok((jobs, true))
}

/// The archive of the run's logs: or why each job is to be read by itself, or nothing where that needs no words.
fn archive(api: &Api, input: &GetWorkflowRunLogsInput) -> Result<Result<Option<Archive>, String>, ApiError> {
    let elsewhere = match api.get_location(&run(input, "/logs")) {
        Ok(elsewhere) => elsewhere,
        // While the run goes on there is none.
        Err(ApiError::Refused(refusal)) if refusal.status == 404 => {
            return Ok(Err("the run's is not there".to_owned()));
        }
        Err(error) => return Err(error),
    };
    match fetch(api, elsewhere, MAX_ARCHIVE) {
        Ok(response) => Ok(Archive::open(response.into_body()).map(Some)),
        Err(ApiError::Unanswered(HttpError::ResponseTooLarge { limit, .. })) => {
            Ok(Err(format!("the run's archive is larger than {limit} bytes")))
        }
        Err(ApiError::Unexpected { status: 404, .. }) => Ok(Err("the run's is not there".to_owned())),
        Err(error) => Err(error),
    }
}

/// The end of a job's own log.
fn job_log(api: &Api, input: &GetWorkflowRunLogsInput, job: &Job, reading: Reading) -> Result<Tail, ToolError> {
    let path = in_repository(&input.owner, &input.repo, &format!("/actions/jobs/{}/logs", job.id));
    let response = fetch(api, api.get_location(&path)?, MAX_JOB_LOG)?;
    tail(response.body(), reading.wanted, reading.left).map_err(|error| ToolError::failed(error.to_string()))
}

/// Fetches what is kept elsewhere. The request carries nothing but who asks: above all no credential, which the host
/// gives to the API alone.
fn fetch(api: &Api, elsewhere: Request, most: u64) -> Result<Response, ApiError> {
    let request = elsewhere.header("user-agent", api::USER_AGENT).response_limit(most);
    match retries(api.settings.wait).send(&request, next) {
        Ok(response) if response.is_success() => Ok(response),
        // What it says may repeat the address, which is signed.
        Ok(response) => Err(ApiError::Unexpected {
            status: response.status(),
            reason: format!("the storage of logs answered with status {}", response.status()),
        }),
        Err(HttpError::NotGranted { host }) => Err(ApiError::Elsewhere { host }),
        Err(error) => Err(ApiError::Unanswered(error)),
    }
}

/// What is still wanted.
#[derive(Clone, Copy)]
struct Reading {
    wanted: Wanted,
    left: usize,
    failed_only: bool,
}

impl Reading {
    /// The logs of a job's steps, in their order; nothing when the archive has none of it.
    fn steps(&mut self, archive: &mut Archive, job: &Job, jobs: &[Job]) -> Vec<StepLog> {
        let mut found: Vec<_> = entries(archive.entries(), job, jobs).into_iter().cloned().collect();
        let is_failed = |entry: &Entry| match entry {
            Entry::Step { number, .. } => job.step(*number).is_some_and(|step| step.failed()),
            Entry::Job { .. } => false,
        };
        // A job may fail between its steps, when its runner is lost.
        if self.failed_only && found.iter().any(|(_, entry)| is_failed(entry)) {
            found.retain(|(_, entry)| is_failed(entry));
        }
        found.sort_by_key(|(_, entry)| !is_failed(entry));
        let mut logs: Vec<_> = found.into_iter().map(|(index, entry)| self.step(archive, index, &entry, job)).collect();
        logs.sort_by_key(|log| log.number);
        logs
    }

    fn step(&mut self, archive: &mut Archive, index: usize, entry: &Entry, job: &Job) -> StepLog {
        let (number, name) = match entry {
            Entry::Step { number, name, .. } => (Some(*number), Some(name)),
            Entry::Job { .. } => (None, None),
        };
        let known = number.and_then(|number| job.step(number));
        let (tail, note) = match archive.tail(index, self.wanted, self.left) {
            Ok(tail) => (tail, None),
            Err(reason) => (Tail::default(), Some(reason)),
        };
        StepLog {
            number,
            name: known.map(|step| step.name.clone()).or_else(|| name.cloned()),
            conclusion: known.and_then(|step| step.conclusion.clone()),
            note: note.or_else(|| self.took(&tail)),
            log: tail.text(),
            omitted_lines: tail.omitted,
        }
    }

    /// A job's own log.
    fn whole(&mut self, tail: Tail) -> StepLog {
        let note = self.took(&tail);
        let (log, omitted_lines) = (tail.text(), tail.omitted);
        StepLog { number: None, name: None, conclusion: None, log, omitted_lines, note }
    }

    /// Counts what was handed back, and says when there was no room for all that was wanted.
    fn took(&mut self, tail: &Tail) -> Option<String> {
        self.left = self.left.saturating_sub(tail.bytes());
        let short = tail.omitted > 0 && tail.lines.len() < self.wanted.lines;
        short.then(|| "max_bytes left no room for more".to_owned())
    }
}

impl JobLog {
    fn without(job: &Job) -> Self {
        let note = match job.status.as_str() {
            _ if job.has_log() => None,
            "completed" => Some("it was skipped, so there is no log".to_owned()),
            _ => Some("it is not completed, so there is no log yet".to_owned()),
        };
        Self {
            id: job.id,
            name: job.name.clone(),
            status: job.status.clone(),
            conclusion: job.conclusion.clone(),
            steps: Vec::new(),
            note,
            url: job.html_url.clone(),
        }
    }
}

impl GetWorkflowRunLogsOutput {
    /// As a person reads logs.
    fn written(&self) -> String {
        let mut text = format!("Run {}: {}\n", self.run_id, self.url);
        for job in &self.jobs {
            let conclusion = job.conclusion.as_ref().unwrap_or(&job.status);
            text.push_str(&format!("\n=== {} ({}): {conclusion}\n", job.name, job.id));
            job.note.iter().for_each(|note| text.push_str(&format!("[{note}]\n")));
            for step in &job.steps {
                if let (Some(number), Some(name)) = (step.number, &step.name) {
                    let conclusion = step.conclusion.as_deref().unwrap_or("unknown");
                    text.push_str(&format!("\n--- {number}. {name}: {conclusion}\n"));
                }
                step.note.iter().for_each(|note| text.push_str(&format!("[{note}]\n")));
                if step.omitted_lines > 0 {
                    text.push_str(&format!("[{} lines before]\n", step.omitted_lines));
                }
                text.push_str(&step.log);
            }
        }
        if self.jobs.is_empty() {
            text.push_str("[no job failed]\n");
        }
        if self.more_jobs {
            text.push_str("\n[and more jobs than are looked at]\n");
        }
        text
    }
}

#[cfg(test)]
mod tests;

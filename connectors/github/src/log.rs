//! Logs of workflow runs: the jobs that they belong to, the archive that they come in, their ends.

pub(crate) mod archive;
pub(crate) mod jobs;
pub(crate) mod tail;

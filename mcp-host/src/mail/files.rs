//! Mails as files, for an installation that has no mail server.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_identity::Letter;
use bulkhead_kernel::{Ports, id};

use super::compose::compose;
use super::{SendError, Sender, Transport};

/// Puts each mail into a file of its own, `<time-ordered id>.eml`, that this user alone can read, and names it in the log.
pub(crate) struct Files {
    folder: PathBuf,
    sender: Sender,
    ports: Ports,
}

impl Files {
    /// Mails go to this folder, which is made when there is none.
    #[must_use]
    pub(crate) fn new(folder: PathBuf, sender: Sender, ports: Ports) -> Arc<Self> {
        Arc::new(Self { folder, sender, ports })
    }
}

#[async_trait]
impl Transport for Files {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let message = compose(letter, &self.sender, self.ports.now())?.formatted();
        let name = id::new_uuid(self.ports.now(), self.ports.entropy.as_ref());
        let path = self.folder.join(format!("{name}.eml"));
        let failed = |source| SendError::File { path: path.clone(), source };
        let mut folder = tokio::fs::DirBuilder::new();
        let mut file = tokio::fs::OpenOptions::new();
        #[cfg(unix)]
        {
            folder.mode(0o700);
            file.mode(0o600);
        }
        folder.recursive(true).create(&self.folder).await.map_err(failed)?;
        let mut file = file.write(true).create_new(true).open(&path).await.map_err(failed)?;
        tokio::io::AsyncWriteExt::write_all(&mut file, &message).await.map_err(failed)?;
        tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(failed)?;
        tracing::info!(path = %path.display(), subject = letter.subject, "a mail is in this file; no mail server is set");
        Ok(())
    }
}

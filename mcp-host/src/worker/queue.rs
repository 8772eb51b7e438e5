//! Finding work: jobs that nobody announced, and jobs whose worker died.

use std::time::Duration;

use bulkhead_execution::Abandoned;

use super::Worker;

impl Worker {
    /// Looks through the queue, when the bell rings and every now and then, until the process drains.
    pub async fn serve_queue(&self) {
        let draining = self.0.draining.clone();
        tokio::join!(self.look_through_queue(), self.0.connections.serve_cleanup(&draining));
    }

    async fn look_through_queue(&self) {
        let draining = self.0.draining.clone();
        let poll = Duration::from_millis(self.0.config.poll_ms);
        let mut look_for_abandoned = tokio::time::interval(self.0.terms.duration / 2);
        loop {
            tokio::select! {
                () = draining.cancelled() => return,
                () = self.0.bell.notified() => self.take_queued().await,
                () = tokio::time::sleep(poll) => self.take_queued().await,
                _ = look_for_abandoned.tick() => self.recover(Abandoned::Expired).await,
            }
        }
    }

    /// Takes up what dead workers left.
    pub async fn recover(&self, which: Abandoned) {
        match bulkhead_execution::recover(&self.0.ports, which, i64::from(self.0.config.max_attempts)).await {
            Ok(recovered) => {
                for job in &recovered.requeued {
                    tracing::warn!(%job, "its worker was lost; the job is queued again");
                }
                for job in &recovered.failed {
                    tracing::warn!(%job, "its worker was lost; the job has failed");
                }
                if !recovered.requeued.is_empty() {
                    self.ring();
                }
            }
            Err(error) => tracing::error!(%error, "abandoned jobs could not be taken up"),
        }
    }

    /// Claims as many queued jobs as there are places.
    async fn take_queued(&self) {
        loop {
            let free = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
            if free == 0 {
                return;
            }
            let queued = match bulkhead_execution::queued(&self.0.ports, free).await {
                Ok(queued) if queued.is_empty() => return,
                Ok(queued) => queued,
                Err(error) => {
                    tracing::error!(%error, "the queue could not be read");
                    return;
                }
            };
            for id in queued {
                let Ok(place) = self.0.places.clone().acquire_owned().await else { return };
                // Another worker may be quicker.
                if let Err(error) = self.claim(id, Some(place)).await {
                    tracing::error!(%error, job = %id, "a queued job could not be claimed");
                    return;
                }
            }
        }
    }
}

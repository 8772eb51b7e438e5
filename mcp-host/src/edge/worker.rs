//! One worker per instance: takes requests, keeps their time, and says why an instance ended.
//!
//! The loop itself is wasmtime-wasi-http's `ProxyHandler`; here is what it asks for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use bulkhead_wasi::StoreData;
use tokio::time::{Sleep, sleep, sleep_until};
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::{WasiHttpView, p3::bindings::ServicePre};

use super::config::EdgeLimits;
use super::guest::{ComponentContext, GuestState, Ticket};
use crate::epochs::Epochs;

/// A component, ready to be instantiated.
pub(crate) struct FunctionHandler {
    pub(crate) engine: Engine,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) context: Arc<ComponentContext>,
    pub(crate) service: ServicePre<StoreData>,
}

/// The time an instance has.
pub(crate) struct FunctionExpiration {
    limits: Arc<EdgeLimits>,
    born: Instant,
    timer: Pin<Box<Sleep>>,
}

/// How an instance is used.
pub(crate) struct FunctionWorker {
    limits: Arc<EdgeLimits>,
}

impl HandlerState for FunctionHandler {
    type StoreData = StoreData;
    type WorkerExpiration = FunctionExpiration;
    type WorkerState = FunctionWorker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<StoreData, FunctionExpiration, FunctionWorker>> {
        let limits = &self.context.limits;
        let mut store = GuestState::new_store(&self.engine, self.epochs.run(), &self.context);
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: StoreData::http,
            expiration: FunctionExpiration {
                limits: limits.clone(),
                born: Instant::now(),
                timer: Box::pin(sleep(limits.request_timeout)),
            },
            state: FunctionWorker { limits: limits.clone() },
        })
    }
}

impl WorkerExpiration for FunctionExpiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let (start, time) = match status {
            // One request, one deadline: what a function does after its answer counts as well.
            _ if self.limits.requests_per_instance == 1 => (self.born, self.limits.request_timeout),
            WorkerStatus::Idle => (start, self.limits.idle_instance_timeout),
            WorkerStatus::Requests | WorkerStatus::PostReturn => (start, self.limits.request_timeout),
        };
        let deadline = tokio::time::Instant::from_std(start) + time;
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(cx)
    }
}

impl WorkerState for FunctionWorker {
    type StoreData = StoreData;
    type RequestData = Ticket;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.limits.requests_per_instance {
            ShouldAccept::Never
        } else if concurrent >= self.limits.concurrent_requests_per_instance {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, StoreData>,
        ticket: Ticket,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        let state: &mut GuestState = store.data_mut().get_mut();
        state.restart_cpu_time();
        if let (1, Some(correlation)) = (self.limits.requests_per_instance, &ticket.correlation) {
            state.log.correlation.set(correlation.clone()).ok();
        }
        state.tickets.retain(|ticket| !ticket.failure.is_closed());
        state.tickets.push(ticket);
        let deadline = tokio::time::Instant::now() + self.limits.request_timeout;
        Box::pin(sleep_until(deadline))
    }

    fn drop(&self, store: Store<StoreData>, result: Result<(), wasmtime::Error>) {
        // Dropping the data closes what the function left open: connections, transactions, bodies.
        let GuestState { tickets, component, .. } = *store.into_data().into_guest();
        let Err(error) = result else { return };
        let reason = format!("{error:#}");
        let mut error = Some(error);
        for Ticket { correlation, failure, told, .. } in tickets {
            let error = error.take().unwrap_or_else(|| wasmtime::Error::msg(reason.clone()));
            // Nobody waits when the response had begun: its body is cut, and only the log can tell why.
            if let Err(error) = failure.send(error)
                && !told.load(Ordering::Relaxed)
            {
                tracing::error!(
                    component = component.id,
                    correlation = correlation.as_deref().unwrap_or(""),
                    error = format!("{error:#}"),
                    "a function failed when nobody waited for its answer any more"
                );
            }
        }
    }
}

//! `spin:postgres`: pooled connections to the addresses that a component may reach.
//!
//! As on Spin, a connection goes back to its pool when the function lets go of it, and the pool resets the session but
//! does not end a transaction. A function's transaction must therefore be one statement.
#![expect(clippy::result_large_err, reason = "it is the interface's own error, and goes to the function as it is")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use futures::{StreamExt as _, TryStreamExt as _};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::config::{Host as PostgresHost, SslMode};
use tokio_postgres::{Config, NoTls, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::postgres_values::{columns_of, parameters_of, query_failed, row_size, values_of};
use super::stream::FromChannel;
use crate::edge::allowed_hosts::AllowedHosts;
use crate::edge::bindings::spin::postgres::postgres::{
    Column, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore,
    HostConnectionWithStore, ParameterValue, QueryError, Row, RowSet,
};
use crate::edge::config::EdgeLimits;
use crate::edge::guest::{GuestData, GuestState};
use crate::edge::outbound::tls_builder;

/// Addresses whose connections are kept, as on Spin.
const KEPT_ADDRESSES: usize = 16;
/// Rows that are read ahead of the function.
const READ_AHEAD: usize = 64;

/// A function's handle to a connection.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenConnection(Arc<Object>);

/// What a function has said so far about a connection it will open.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct ConnectionBuilder {
    address: String,
    ca_root: Option<String>,
}

/// The connections of one component.
pub(crate) struct PostgresPools {
    allowed: Arc<AllowedHosts>,
    most_connections: usize,
    /// The one used last is at the back.
    pools: Mutex<VecDeque<(ConnectionBuilder, Pool)>>,
}

impl PostgresPools {
    /// Connections to these hosts, none open yet.
    pub(crate) fn new(allowed: Arc<AllowedHosts>, limits: &EdgeLimits) -> Self {
        Self { allowed, most_connections: limits.postgres_connections, pools: Mutex::default() }
    }

    async fn open(&self, to: ConnectionBuilder) -> Result<OpenConnection, Error> {
        let pool = self.pool(to)?;
        let object = pool.get().await.map_err(|error| Error::ConnectionFailed(chain(&error)))?;
        Ok(OpenConnection(Arc::new(object)))
    }

    fn pool(&self, to: ConnectionBuilder) -> Result<Pool, Error> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pools.iter().position(|(known, _)| (&known.address, &known.ca_root) == (&to.address, &to.ca_root));
        let entry = match known.and_then(|index| pools.remove(index)) {
            Some(entry) => entry,
            None => {
                let pool = self.new_pool(&to)?;
                (to, pool)
            }
        };
        let pool = entry.1.clone();
        pools.push_back(entry);
        if pools.len() > KEPT_ADDRESSES {
            pools.pop_front();
        }
        Ok(pool)
    }

    fn new_pool(&self, to: &ConnectionBuilder) -> Result<Pool, Error> {
        let config: Config = to.address.parse().map_err(|error| Error::ConnectionFailed(chain(&error)))?;
        self.check(&config)?;
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Clean };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, manager_config)
        } else {
            Manager::from_config(config, tls(to.ca_root.as_deref())?, manager_config)
        };
        let pool = Pool::builder(manager).max_size(self.most_connections).build();
        pool.map_err(|error| Error::Other(error.to_string()))
    }

    /// Checks every host of the address, and every address that stands for one: where it connects is what counts.
    fn check(&self, config: &Config) -> Result<(), Error> {
        let ports = config.get_ports();
        let port = |index: usize| ports.get(index).or_else(|| ports.first().filter(|_| ports.len() == 1)).copied();
        let names = config.get_hosts().iter().map(|host| match host {
            PostgresHost::Tcp(name) => Some(name.clone()),
            PostgresHost::Unix(_) => None,
        });
        let addresses = config.get_hostaddrs().iter().map(|address| Some(address.to_string()));
        for (index, host) in names.enumerate().chain(addresses.enumerate()) {
            let Some(host) = host else {
                return Err(Error::ConnectionFailed("a function can't use a unix socket".into()));
            };
            let bracketed = if host.contains(':') { format!("[{host}]") } else { host };
            if !self.allowed.allows("postgres", &bracketed, port(index)) {
                let port = port(index).map(|port| format!(":{port}")).unwrap_or_default();
                return Err(Error::ConnectionFailed(format!("address postgres://{bracketed}{port} is not permitted")));
            }
        }
        Ok(())
    }
}

/// TLS that trusts what this machine trusts, and one more root when the function gives it.
fn tls(ca_root: Option<&str>) -> Result<MakeRustlsConnect, Error> {
    let failed = |error: rustls::Error| Error::ConnectionFailed(error.to_string());
    let roots: Vec<CertificateDer<'static>> = ca_root.map(certificates).transpose()?.unwrap_or_default();
    let verifier =
        Verifier::new_with_extra_roots(roots, Arc::new(rustls::crypto::ring::default_provider())).map_err(failed)?;
    let config = tls_builder().map_err(failed)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match parsed {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Error::Other("invalid root certificate: there is none in the PEM text".into())),
        Err(error) => Err(Error::Other(format!("invalid root certificate: {error}"))),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

type Streamed = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

impl Host for GuestState {}

impl HostConnectionBuilder for GuestState {
    async fn new(&mut self, address: String) -> wasmtime::Result<Resource<ConnectionBuilder>> {
        Ok(self.table.push(ConnectionBuilder { address, ca_root: None })?)
    }

    async fn set_ca_root(
        &mut self,
        builder: Resource<ConnectionBuilder>,
        certificate: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = certificates(&certificate) {
            return Ok(Err(error));
        }
        self.table.get_mut(&builder)?.ca_root = Some(certificate);
        Ok(Ok(()))
    }

    async fn build(
        &mut self,
        builder: Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        let to = self.table.get(&builder)?.clone();
        open(self, to).await
    }

    async fn drop(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionBuilderWithStore<T> for GuestData {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        let to = accessor.with(|mut access| access.get().table.get(&builder).cloned())?;
        open_async(accessor, to).await
    }
}

impl HostConnection for GuestState {
    async fn open(&mut self, address: String) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        open(self, ConnectionBuilder { address, ca_root: None }).await
    }

    async fn query(
        &mut self,
        connection: Resource<OpenConnection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let client = self.table.get(&connection)?.0.clone();
        Ok(query(&client, &statement, params, self.component.limits.host_result_bytes).await)
    }

    async fn execute(
        &mut self,
        connection: Resource<OpenConnection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let client = self.table.get(&connection)?.0.clone();
        Ok(execute(&client, &statement, params).await)
    }

    async fn drop(&mut self, connection: Resource<OpenConnection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for GuestData {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        open_async(accessor, ConnectionBuilder { address, ca_root: None }).await
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<OpenConnection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<Streamed, Error>> {
        let (client, limit) = accessor.with(|mut access| {
            let state = access.get();
            let client = state.table.get(&connection)?.0.clone();
            wasmtime::error::Ok((client, state.component.limits.host_result_bytes))
        })?;
        let (columns, rows, end) = match query_stream(&client, &statement, params, limit).await {
            Ok(streams) => streams,
            Err(error) => return Ok(Err(error)),
        };
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, FromChannel(rows))?;
            let end = FutureReader::new(&mut access, end)?;
            Ok(Ok((columns, rows, end)))
        })
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<OpenConnection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let client = accessor.with(|mut access| access.get().table.get(&connection).map(|open| open.0.clone()))?;
        Ok(execute(&client, &statement, params).await)
    }
}

async fn open(
    state: &mut GuestState,
    to: ConnectionBuilder,
) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
    match state.component.postgres.open(to).await {
        Ok(connection) => Ok(Ok(state.table.push(connection)?)),
        Err(error) => Ok(Err(error)),
    }
}

async fn open_async<T>(
    accessor: &Accessor<T, GuestData>,
    to: ConnectionBuilder,
) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
    let component = accessor.with(|mut access| access.get().component.clone());
    match component.postgres.open(to).await {
        Ok(connection) => Ok(Ok(accessor.with(|mut access| access.get().table.push(connection))?)),
        Err(error) => Ok(Err(error)),
    }
}

async fn execute(client: &Object, statement: &str, params: Vec<ParameterValue>) -> Result<u64, Error> {
    let params = parameters_of(params).map_err(Error::ValueConversionFailed)?;
    client.execute_raw(statement, params).await.map_err(|error| query_failed(&error))
}

async fn start(client: &Object, statement: &str, params: Vec<ParameterValue>) -> Result<RowStream, Error> {
    let params = parameters_of(params).map_err(Error::BadParameter)?;
    client.query_raw(statement, params).await.map_err(|error| query_failed(&error))
}

fn failed(reason: String) -> Error {
    Error::QueryFailed(QueryError::Text(reason))
}

async fn query(client: &Object, statement: &str, params: Vec<ParameterValue>, limit: usize) -> Result<RowSet, Error> {
    let mut stream = std::pin::pin!(start(client, statement, params).await?);
    let (mut columns, mut rows, mut bytes) = (Vec::new(), Vec::new(), 0);
    while let Some(row) = stream.try_next().await.map_err(|error| query_failed(&error))? {
        // As on Spin, an empty result has no columns.
        if columns.is_empty() {
            columns = columns_of(&row);
        }
        let values = values_of(&row).map_err(failed)?;
        bytes += row_size(&values);
        if bytes > limit {
            return Err(failed(format!("the result is larger than {limit} bytes")));
        }
        rows.push(values);
    }
    Ok(RowSet { columns, rows })
}

type Channels = (Vec<Column>, mpsc::Receiver<Row>, oneshot::Receiver<Result<(), Error>>);

async fn query_stream(
    client: &Arc<Object>,
    statement: &str,
    params: Vec<ParameterValue>,
    limit: usize,
) -> Result<Channels, Error> {
    let mut stream = Box::pin(start(client, statement, params).await?);
    let (row_sender, rows) = mpsc::channel(READ_AHEAD);
    let (end_sender, end) = oneshot::channel();
    let first = stream.next().await;
    let columns = first.as_ref().and_then(|row| row.as_ref().ok()).map(columns_of).unwrap_or_default();
    tokio::spawn(async move {
        let mut next = first;
        let result = loop {
            let values = match next {
                None => break Ok(()),
                Some(Err(error)) => break Err(query_failed(&error)),
                Some(Ok(row)) => values_of(&row).map_err(failed),
            };
            match values {
                Ok(values) if row_size(&values) > limit => {
                    break Err(failed(format!("a row is larger than {limit} bytes")));
                }
                Ok(values) => {
                    // The function need not read to the end.
                    if row_sender.send(values).await.is_err() {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            }
            next = tokio::select! {
                biased;
                () = row_sender.closed() => break Ok(()),
                row = stream.next() => row,
            };
        };
        end_sender.send(result).ok();
    });
    Ok((columns, rows, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::variables::ApplicationVariables;

    fn check(address: &str) -> Result<(), Error> {
        let allowed = AllowedHosts::parse(&["postgres://db.example:5432".into()], &ApplicationVariables::default());
        let pools =
            PostgresPools::new(Arc::new(allowed.expect("parses")), &crate::config::EdgeSettings::default().limits());
        pools.check(&address.parse().expect("an address"))
    }

    #[test]
    fn every_host_of_an_address_must_be_allowed() {
        assert!(check("postgres://user@db.example/name").is_ok());
        assert!(check("host=db.example port=5432").is_ok());
        for address in [
            "postgres://user@other.example/name",
            "postgres://user@db.example:5433/name",
            "postgres://user@db.example,other.example/name",
            "host=db.example hostaddr=10.0.0.1",
            "host=/var/run/postgresql",
        ] {
            assert!(check(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_text_without_a_certificate_is_refused() {
        assert!(certificates("no certificate").is_err());
        assert!(tls(None).is_ok());
    }
}

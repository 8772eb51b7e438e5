//! Compiling what anybody may have written.
//!
//! A compiler's time and memory grow with what it is given, and fastest with functions that carry many values through much
//! code. So a component is measured before anything is compiled, and compiled on a thread of its own, which nobody waits for longer than the
//! limit says. A thread can't be ended from outside: one that goes on keeps the only place in which to compile until
//! it is done, so that there is never more than one, and it ends with the process.

mod parts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use wasmparser::{BinaryReaderError, CompositeInnerType, FunctionBody, Parser, Payload, TypeSectionReader};

use super::engine::{EngineOptions, SandboxEngine};
use crate::compile_cache::CompileCacheError;

/// Why a component is not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The binary is too large.
    #[error("the component has {bytes} bytes; {limit} are allowed, see sandbox.max_component_mib")]
    ComponentBytes {
        /// What it has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// All its modules together have too many functions.
    #[error("the component has more than {limit} functions, see sandbox.max_functions")]
    Functions {
        /// The limit.
        limit: u32,
    },
    /// One function is too large.
    #[error("the component has a function of {bytes} bytes; {limit} are allowed, see sandbox.max_function_kib")]
    FunctionBytes {
        /// What it has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A type of functions or blocks has too many values.
    #[error(
        "the component has a function or block of {values} parameters or results; {limit} are allowed, see sandbox.max_arity"
    )]
    Arity {
        /// What it has.
        values: usize,
        /// The limit.
        limit: u32,
    },
    /// Too much code handles too many locals.
    #[error(
        "the component takes more than {limit} to compile, counted as the bytes of each function times its locals, see \
         sandbox.max_compile_effort"
    )]
    Effort {
        /// The limit.
        limit: u64,
    },
    /// It is composed of too much.
    #[error(
        "the component is composed of more than {limit} components with functions of their own, or of some that can't be \
         counted, see sandbox.max_parts"
    )]
    Parts {
        /// The limit.
        limit: u32,
    },
    /// It takes too long, or another one does.
    #[error("compiling takes longer than {} ms, see sandbox.compile_ms", limit.as_millis())]
    Time {
        /// The limit.
        limit: Duration,
    },
    /// The compiler failed.
    #[error("the compiler failed on the component")]
    Panicked,
    /// No thread can be had.
    #[error("no thread to compile on: {0}")]
    Thread(std::io::Error),
    /// It can't be compiled.
    #[error(transparent)]
    Component(#[from] CompileCacheError),
    /// What is made of it to initialise it can't be compiled.
    #[error("{0:#}")]
    Instrumented(wasmtime::Error),
}

/// Measures a component, with all that is nested in it. What can't be read is left to the compiler, which reads before it
/// compiles.
pub(super) fn measure(wasm: &[u8], options: &EngineOptions) -> Result<(), CompileError> {
    if wasm.len() > options.max_component_bytes {
        return Err(CompileError::ComponentBytes { bytes: wasm.len(), limit: options.max_component_bytes });
    }
    if parts::count(wasm).is_none_or(|parts| parts > options.max_parts.into()) {
        return Err(CompileError::Parts { limit: options.max_parts });
    }
    let mut functions = 0_u32;
    let mut effort = 0_u64;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::CodeSectionStart { count, .. }) => {
                functions = functions.saturating_add(count);
                if functions > options.max_functions {
                    return Err(CompileError::Functions { limit: options.max_functions });
                }
            }
            Ok(Payload::CodeSectionEntry(body)) => {
                let (bytes, limit) = (body.range().len(), options.max_function_bytes);
                if bytes > limit {
                    return Err(CompileError::FunctionBytes { bytes, limit });
                }
                let Ok(locals) = locals(&body) else { break };
                effort = effort.saturating_add((bytes as u64).saturating_mul(locals.saturating_add(1)));
                if effort > options.max_compile_effort {
                    return Err(CompileError::Effort { limit: options.max_compile_effort });
                }
            }
            Ok(Payload::TypeSection(types)) => {
                let Ok(values) = arity(types) else { break };
                if values > options.max_arity as usize {
                    return Err(CompileError::Arity { values, limit: options.max_arity });
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// A function's locals, without its parameters.
fn locals(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    body.get_locals_reader()?.into_iter().try_fold(0_u64, |sum, group| Ok(sum.saturating_add(group?.0.into())))
}

/// The most parameters or results of a type.
fn arity(types: TypeSectionReader<'_>) -> Result<usize, BinaryReaderError> {
    let mut most = 0;
    for group in types {
        for ty in group?.types() {
            if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                most = most.max(function.params().len()).max(function.results().len());
            }
        }
    }
    Ok(most)
}

/// Compiles something on a thread of its own, within the time that the operator allows.
pub(super) async fn in_time<T, E>(
    sandbox: &SandboxEngine,
    compile: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, CompileError>
where
    T: Send + 'static,
    E: Into<CompileError> + Send + 'static,
{
    let limit = sandbox.options.compile_time;
    let compiling = async {
        let place = sandbox.compiling.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (done, compiled) = tokio::sync::oneshot::channel();
        // Not one of the runtime's: those are waited for when it ends.
        let thread = std::thread::Builder::new().name("compile".to_owned()).spawn(move || {
            let compiled = catch_unwind(AssertUnwindSafe(compile));
            drop(place);
            // Whoever waited may have gone away.
            let _ = done.send(compiled);
        });
        thread.map_err(CompileError::Thread)?;
        match compiled.await {
            Ok(Ok(compiled)) => compiled.map_err(Into::into),
            Ok(Err(_)) | Err(_) => Err(CompileError::Panicked),
        }
    };
    tokio::time::timeout(limit, compiling).await.unwrap_or(Err(CompileError::Time { limit }))
}

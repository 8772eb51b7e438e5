//! The clock by which guests are interrupted while they compute.

use std::io;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// Starts a thread that counts up the engines' epochs, until the last engine is gone.
///
/// It is a thread of its own because all others may be busy with the guests that are to be interrupted.
///
/// # Errors
/// When the system has no thread left.
pub(crate) fn count<const N: usize>(name: &str, period: Duration, engines: [&Engine; N]) -> io::Result<()> {
    let engines = engines.map(Engine::weak);
    let count = move || {
        loop {
            std::thread::sleep(period);
            let mut alive = false;
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
                alive = true;
            }
            if !alive {
                break;
            }
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(count).map(drop)
}

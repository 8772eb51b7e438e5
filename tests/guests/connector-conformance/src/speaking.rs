//! Tools that say something before they end.

use std::time::Duration;

use bulkhead_connector_kit::{Content, Level, ToolError, Turn, clock, log, progress, resource_updated};

const PAUSE: Duration = Duration::from_millis(50);

fn said(text: &str) -> Result<Turn<Vec<Content>>, ToolError> {
    Ok(Turn::Done(vec![Content::text(text)]))
}

fn log_thrice() {
    log(Level::Info, "Tool execution started");
    clock::sleep(PAUSE);
    log(Level::Info, "Tool processing data");
    clock::sleep(PAUSE);
    log(Level::Info, "Tool execution completed");
}

tool! {
    /// Logs.
    ToolWithLogging, "tool_with_logging", "Logs three messages.",
    |_round| {
        log_thrice();
        said("Tool with logging executed successfully")
    }
}

tool! {
    /// Logs, to be called by a client that wants no logs.
    LoggingTool, "logging_tool", "Logs three messages.",
    |_round| {
        log_thrice();
        said("Logged")
    }
}

tool! {
    /// Tells its progress.
    ToolWithProgress, "tool_with_progress", "Tells how far it is.",
    |_round| {
        for done in [0, 50, 100] {
            progress(done, Some(100), Some(&format!("Completed step {done} of 100")));
            clock::sleep(PAUSE);
        }
        said("Tool with progress executed successfully")
    }
}

tool! {
    /// Changes what can be watched.
    TouchWatchedResource, "touch_watched_resource", "Says that test://watched-resource has changed.",
    |_round| {
        resource_updated("test://watched-resource");
        // Nobody else's addresses are its to speak of.
        resource_updated("other://watched-resource");
        said("Touched")
    }
}

tool! {
    /// Panics, with more to say than is kept.
    ToolThatPanics, "tool_that_panics", "Panics.",
    |_round| panic!("für {} gibt es keinen Weg. {}", "niemanden", "x".repeat(10_000))
}

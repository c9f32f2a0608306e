//! The rooms of each crate, in order: a room imports only rooms before it, and itself.

/// A crate and its rooms.
#[derive(Debug, Clone, Copy)]
pub struct CrateRooms {
    /// The folder of the crate.
    pub folder: &'static str,
    /// The top-level modules, lower ones first.
    pub rooms: &'static [&'static str],
}

/// The rooms of every crate that has an order.
pub const CRATES: &[CrateRooms] = &[
    CrateRooms {
        folder: "storage",
        rooms: &[
            "error", "limits", "model", "codec", "options", "catalog", "db", "memory", "shared",
            "write", "read", "maintain", "open", "inspect", "backup", "repair", "store", "bench",
            "fuzzing",
        ],
    },
    CrateRooms { folder: "query", rooms: &["limits", "statistics", "select", "engine", "answers"] },
    CrateRooms {
        folder: "alerting",
        rooms: &[
            "error", "limits", "hex", "labels", "text", "rule", "engine", "records", "message",
            "notify", "evaluate", "replay", "explain", "deliver", "report", "fuzzing", "testing",
        ],
    },
    CrateRooms {
        folder: "server",
        rooms: &[
            "clock",
            "docs",
            "memory",
            "self_metrics",
            "health",
            "error",
            "access",
            "wire",
            "admission",
            "connections",
            "config",
            "ingest",
            "import",
            "backtest",
            "drill",
            "app",
            "http",
            "cli",
            "fuzzing",
        ],
    },
];

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
            "error", "limits", "options", "model", "codec", "db", "catalog", "memory", "read",
            "write", "maintain", "shared", "open", "inspect", "backup", "store", "bench",
            "fuzzing",
        ],
    },
    CrateRooms { folder: "query", rooms: &["error", "limits", "select", "engine", "answers"] },
    CrateRooms {
        folder: "alerting",
        rooms: &[
            "error", "limits", "rule", "engine", "records", "notify", "message", "evaluate",
            "replay", "explain", "deliver", "report", "testing",
        ],
    },
    CrateRooms {
        folder: "server",
        rooms: &[
            "error",
            "clock",
            "config",
            "wire",
            "ingest",
            "import",
            "backtest",
            "drill",
            "self_metrics",
            "app",
            "http",
            "cli",
            "fuzzing",
        ],
    },
];

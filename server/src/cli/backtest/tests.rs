use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn read(options: &str) -> Result<Args, String> {
    let words = format!("backtest --rules r.yaml {options}");
    let cli = Cli::try_parse_from(words.split(' ')).map_err(|error| error.to_string())?;
    Ok(cli.args)
}

#[test]
fn a_slot_is_of_a_recording() {
    assert!(read("--input f --slot 30s").is_ok());
    for source in ["--data-dir d", "--url http://h"] {
        let error = read(&format!("{source} --slot 30s")).expect_err("an error");
        assert!(error.contains("cannot be used with"), "{error}");
    }
}

#[test]
fn a_range_without_a_time_is_an_error() {
    let args = read("--input f --from 2026-11-28T10:00:00Z --to 2026-11-28T10:00:00Z");
    let error = run(&args.expect("valid")).expect_err("an error").to_string();
    assert_eq!(error, "--to must lie after --from");
}

use std::sync::mpsc;

use super::*;

#[tokio::test]
async fn one_query_too_many_waits_and_is_then_rejected() {
    let limits = QueryLimits { at_once_max: 1, ..QueryLimits::default() };
    let queries = Queries { wait: Duration::from_millis(1), ..Queries::new(limits) };
    let (release, held) = mpsc::channel::<()>();
    let first = tokio::spawn({
        let queries = queries.clone();
        async move { queries.run(move |_| Ok(held.recv().is_ok())).await }
    });
    while queries.permits.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let rejected = queries.run(|_| Ok(())).await;
    assert!(format!("{rejected:?}").contains("Busy"), "{rejected:?}");
    release.send(()).expect("the first one waits");
    assert!(first.await.expect("no panic").expect("answered"));
    assert!(queries.run(|_| Ok(())).await.is_ok(), "its permit is free again");
}

#[tokio::test]
async fn work_gets_its_budget_and_its_failure_is_returned() {
    let limits = QueryLimits { cells_max: 7, timeout: Duration::ZERO, at_once_max: 1 };
    let queries = Queries::new(limits);
    let budget = queries.run(Ok).await.expect("answered");
    assert_eq!(budget.cells_max, 7);
    assert!(budget.deadline.is_some_and(|deadline| deadline <= Instant::now()));
    let failed = queries.run(|_| Err::<(), _>(ApiError::not_found("such thing"))).await;
    assert!(failed.is_err());
    assert_eq!(queries.permits.available_permits(), 1);
}

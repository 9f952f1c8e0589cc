//! `/usage`: how often APIs were called, by day, API, application and operation; `?api=NAME`, `?days=7`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{LOGGED_IN, counted, day, minute};
use crate::manage::{HOUR_SECONDS, Usage, UsageRow, usage_now};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get};
use crate::portal::visit::Visit;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days to choose from.
const SPANS: [i64; 3] = [1, 7, 30];
/// Rows of the table.
const MAX_ROWS: usize = 500;
/// Upper bounds of the classes of durations, milliseconds.
const BOUNDS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
/// Height of the chart, pixels.
const HEIGHT: i64 = 120;
/// What a bar takes of the width.
const STEP: i64 = 24;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/usage", LOGGED_IN), show).with(get("/usage.csv", LOGGED_IN), csv)
}

#[derive(Serialize)]
struct Page {
    api: String,
    /// What the addresses of other spans and of the file end with.
    api_query: String,
    days: i64,
    spans: Vec<Span>,
    said: String,
    gaps: Vec<String>,
    width: i64,
    height: i64,
    bars: Vec<Bar>,
    rows: Vec<Row>,
    more: Option<String>,
}

#[derive(Serialize)]
struct Span {
    days: i64,
    text: String,
    is_chosen: bool,
}

/// One hour or day of the chart.
#[derive(Serialize)]
struct Bar {
    x: i64,
    label_x: i64,
    /// Calls that went well, in pixels from below, then those that did not.
    good_y: i64,
    good_height: i64,
    bad_y: i64,
    bad_height: i64,
    /// Is nothing known of it, or not all?
    is_unknown: bool,
    /// Does its label stand below it?
    is_labelled: bool,
    label: String,
    title: String,
    calls: u64,
    bad: u64,
    known: String,
}

#[derive(Serialize)]
struct Row {
    api: String,
    application: String,
    operation: String,
    kind: String,
    calls: u64,
    refused: u64,
    failed: u64,
    mean_ms: u64,
    p50: String,
    p95: String,
}

/// What is asked for.
struct Asked {
    api: Option<String>,
    days: i64,
    from: i64,
    now: i64,
}

fn asked(visit: &Visit) -> Asked {
    let days = visit.query.trimmed("days").and_then(|d| d.parse().ok()).filter(|d| SPANS.contains(d)).unwrap_or(7);
    let now = usage_now();
    // A day is shown by its hours, more of them by their days.
    let from =
        if days == 1 { now - now.rem_euclid(HOUR_SECONDS) - DAY + HOUR_SECONDS } else { now - now.rem_euclid(DAY) - (days - 1) * DAY };
    Asked { api: visit.query.trimmed("api"), days, from, now }
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, asked) = (visit.actor()?, asked(&visit));
    let usage = portal.manage.usage(&actor, asked.from, asked.api.as_deref()).await?;
    let page = page(&usage, &asked);
    Answer::page(&portal, &visit, StatusCode::OK, "usage", "Usage", &page)
}

fn page(usage: &Usage, asked: &Asked) -> Page {
    let step = if asked.days == 1 { HOUR_SECONDS } else { DAY };
    let bars = bars(usage, asked, step);
    let calls: u64 = usage.rows.iter().map(|(_, row)| row.calls).sum();
    let rows = summed(usage);
    let more = rows
        .len()
        .checked_sub(MAX_ROWS)
        .filter(|n| *n > 0)
        .map(|n| format!("And {}, which the file has.", counted(n, "more row", "more rows")));
    let api_query = asked.api.as_deref().map(|api| url::form_urlencoded::Serializer::new(String::new()).append_pair("api", api).finish());
    Page {
        api: asked.api.clone().unwrap_or_default(),
        api_query: api_query.map(|q| format!("&{q}")).unwrap_or_default(),
        days: asked.days,
        spans: SPANS.map(|days| Span { days, text: span_text(days), is_chosen: days == asked.days }).into(),
        said: format!("{} in {}.", counted(usize::try_from(calls).unwrap_or(usize::MAX), "call", "calls"), span_text(asked.days)),
        gaps: gaps(usage, asked),
        width: STEP * i64::try_from(bars.len()).unwrap_or(1),
        height: HEIGHT,
        bars,
        rows: rows.into_iter().take(MAX_ROWS).collect(),
        more,
    }
}

fn span_text(days: i64) -> String {
    if days == 1 { "24 hours".to_owned() } else { format!("{days} days") }
}

fn bars(usage: &Usage, asked: &Asked, step: i64) -> Vec<Bar> {
    let mut sums: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for (hour, row) in &usage.rows {
        let sum = sums.entry((hour - asked.from).div_euclid(step)).or_default();
        sum.0 += row.calls;
        sum.1 += row.refused + row.failed;
    }
    let most = sums.values().map(|(calls, _)| *calls).max().unwrap_or(0).max(1);
    let pixels = |n: u64| i64::try_from(u128::from(n) * u128::from(HEIGHT.unsigned_abs()) / u128::from(most)).unwrap_or(0);
    let count = (asked.now - asked.from).div_euclid(step) + 1;
    let bar = |n: i64| {
        let (from, to) = (asked.from + n * step, (asked.from + (n + 1) * step).min(asked.now));
        let (calls, bad) = sums.get(&n).copied().unwrap_or_default();
        let known = usage.known_seconds(from, to);
        let label = if step == DAY { day(from) } else { minute(from) };
        let (all, bad_height) = (pixels(calls), pixels(bad));
        let known_text = match (known, to - from) {
            (0, _) => "nothing is known".to_owned(),
            // Some seconds are on their way.
            (known, whole) if whole - known <= 30 => "all".to_owned(),
            (known, whole) => format!("{} of {} min", known / 60, whole / 60),
        };
        Bar {
            x: n * STEP + 2,
            label_x: n * STEP + STEP / 2,
            good_y: HEIGHT - all + bad_height,
            good_height: all - bad_height,
            bad_y: HEIGHT - all,
            bad_height,
            is_unknown: known_text != "all",
            is_labelled: n % 6 == 0,
            title: format!("{label}: {calls} calls, {bad} of them errors; known: {known_text}"),
            label,
            calls,
            bad,
            known: known_text,
        }
    };
    (0..count).map(bar).collect()
}

/// The times of which nothing is known.
fn gaps(usage: &Usage, asked: &Asked) -> Vec<String> {
    const SHOWN: usize = 10;
    // What is kept every few seconds is a little behind.
    const BEHIND: i64 = 30;
    let mut gaps = Vec::new();
    let mut at = asked.from;
    for (from, to) in usage.known.iter().copied().chain([(asked.now, asked.now)]) {
        if from - at > BEHIND {
            gaps.push(format!("{} to {} (UTC)", minute(at), minute(from)));
        }
        at = at.max(to);
    }
    let more = gaps.len().saturating_sub(SHOWN);
    gaps.truncate(SHOWN);
    if more > 0 {
        gaps.push(format!("and {more} more"));
    }
    gaps
}

/// One row for each API, application and operation, those with the most calls first.
fn summed(usage: &Usage) -> Vec<Row> {
    let mut sums: BTreeMap<(&str, &str, &str, &str), UsageRow> = BTreeMap::new();
    for (_, row) in &usage.rows {
        let sum = sums.entry((&row.api, &row.application, &row.operation, &row.kind)).or_default();
        sum.application_name.clone_from(&row.application_name);
        sum.calls += row.calls;
        sum.refused += row.refused;
        sum.failed += row.failed;
        sum.took_ms = sum.took_ms.saturating_add(row.took_ms);
        sum.classes.resize(sum.classes.len().max(row.classes.len()), 0);
        sum.classes.iter_mut().zip(&row.classes).for_each(|(sum, n)| *sum += n);
    }
    let mut rows: Vec<Row> = sums
        .into_iter()
        .map(|((api, _, operation, kind), sum)| Row {
            api: api.to_owned(),
            application: if sum.application_name.is_empty() { "none".to_owned() } else { sum.application_name.clone() },
            operation: if operation.is_empty() { "none".to_owned() } else { operation.to_owned() },
            kind: kind.to_uppercase(),
            calls: sum.calls,
            refused: sum.refused,
            failed: sum.failed,
            mean_ms: sum.took_ms.checked_div(sum.calls).unwrap_or(0),
            p50: at_most(&sum, 50),
            p95: at_most(&sum, 95),
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
    rows
}

/// The upper bound of the class in which so many of a hundred calls are.
fn at_most(row: &UsageRow, percent: u64) -> String {
    let wanted = row.calls.saturating_mul(percent).div_ceil(100);
    let mut sum = 0;
    let class = row.classes.iter().position(|n| {
        sum += n;
        sum >= wanted
    });
    match class.and_then(|class| BOUNDS_MS.get(class)) {
        Some(bound) => format!("≤ {bound} ms"),
        None => "> 10 s".to_owned(),
    }
}

/// Everything by the hour, as a table for others.
async fn csv(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, asked) = (visit.actor()?, asked(&visit));
    let usage = portal.manage.usage(&actor, asked.from, asked.api.as_deref()).await?;
    let mut out = String::from("hour_utc,api,application,operation,kind,calls,refused,failed,took_ms_total\r\n");
    for (hour, row) in &usage.rows {
        let texts = [&row.api, &row.application_name, &row.operation, &row.kind].map(|t| cell(t)).join(",");
        let _fits = write!(out, "{},{texts},{},{},{},{}\r\n", minute(*hour), row.calls, row.refused, row.failed, row.took_ms);
    }
    for gap in gaps(&usage, &asked) {
        let _fits = write!(out, "{}\r\n", cell(&format!("not known: {gap}")));
    }
    Ok(Answer::download("text/csv; charset=utf-8", "usage.csv", out))
}

/// A text in a cell (RFC 4180). Where a spreadsheet would take it for a formula, an apostrophe stands before it.
fn cell(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{formula}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts() {
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }

    #[test]
    fn what_is_not_known_is_told_and_not_counted_as_nothing() {
        let row = |calls, failed| UsageRow { api: "a".into(), calls, failed, classes: vec![calls - 1, 1], ..UsageRow::default() };
        let from = 20_000 * DAY;
        let usage = Usage {
            rows: vec![(from, row(10, 0)), (from + DAY + HOUR_SECONDS, row(20, 5))],
            known: vec![(from, from + DAY / 2), (from + DAY, from + 2 * DAY)],
        };
        let page = page(&usage, &Asked { api: None, days: 7, from, now: from + 3 * DAY });
        let known: Vec<_> = page.bars.iter().map(|b| (b.calls, b.bad, b.known.as_str())).collect();
        assert_eq!(known[..3], [(10, 0, "720 of 1440 min"), (20, 5, "all"), (0, 0, "nothing is known")]);
        assert_eq!(page.gaps, ["2024-10-04 12:00 to 2024-10-05 00:00 (UTC)", "2024-10-06 00:00 to 2024-10-07 00:00 (UTC)"]);
        assert_eq!((page.rows[0].calls, page.rows[0].p50.as_str(), page.rows[0].p95.as_str()), (30, "≤ 5 ms", "≤ 10 ms"));
        assert_eq!((page.bars[1].bad_y, page.bars[1].bad_height, page.bars[1].good_height), (0, 30, 90));
    }
}

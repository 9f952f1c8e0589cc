//! Dates, times and durations.

use super::{Source, bounds};
use crate::plan::scalar::{Primitive, Scalar};

/// Days of chance that are tried where there are bounds.
const TRIES: i128 = 40;

impl Source {
    pub(super) fn times(&mut self, scalar: &Scalar, primitive: Primitive) -> Vec<String> {
        let (low, high) = bounds(scalar);
        let mut out = Vec::new();
        if self.choices.is_fixed() {
            out.push(write(primitive, [2024, 5, 17, 9, 30, 0], usual_zone(primitive)));
        } else {
            for _ in 0..4 {
                out.push(self.any_time(primitive, 1970, 2060));
            }
        }
        out.push(write(primitive, [2024, 5, 17, 9, 30, 0], ""));
        let given: Vec<&str> = [low, high].into_iter().flatten().map(|(text, _)| text).collect();
        out.extend(given.iter().map(|t| (*t).to_owned()));
        // Between bounds that are not included: around their years.
        for bound in &given {
            let year: i128 = bound.get(..4).and_then(|y| y.parse().ok()).unwrap_or(2024);
            let mut near = Self::new(Some(year as u64));
            for n in 0..TRIES {
                let spread = n / 8;
                out.push(near.any_time(primitive, (year - spread).max(1), year + spread));
            }
        }
        if primitive == Primitive::Duration {
            out.extend(["PT1H", "P1M", "P1Y", "PT0S", "-P1D", "PT1S", "P10D", "P100Y"].map(str::to_owned));
        }
        out
    }

    /// One at random, in these years.
    fn any_time(&mut self, primitive: Primitive, from: i128, to: i128) -> String {
        let c = &mut self.choices;
        if primitive == Primitive::Duration {
            return ["P1D", "PT5M", "P1Y2M3DT4H5M6S", "-P2D", "PT0.5S", "PT0S", "P1M"][c.below(7)].to_owned();
        }
        let parts = [c.between(from, to), c.between(1, 12), c.between(1, 28), c.between(0, 23), c.between(0, 59), c.between(0, 59)];
        let zone = ["", "Z", "+02:00", "-05:30"][c.below(4)];
        let fraction = ["", "", ".5", ".123456"][c.below(4)];
        let zone = if matches!(primitive, Primitive::DateTime | Primitive::Time) { [fraction, zone].concat() } else { zone.to_owned() };
        write(primitive, parts, &zone)
    }
}

fn usual_zone(primitive: Primitive) -> &'static str {
    if primitive == Primitive::DateTime { "Z" } else { "" }
}

/// Year, month, day, hour, minute, second in the type's form.
fn write(primitive: Primitive, [y, m, d, h, min, s]: [i128; 6], zone: &str) -> String {
    use Primitive as P;
    match primitive {
        P::DateTime => format!("{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}{zone}"),
        P::Date => format!("{y:04}-{m:02}-{d:02}{zone}"),
        P::Time => format!("{h:02}:{min:02}:{s:02}{zone}"),
        P::GYearMonth => format!("{y:04}-{m:02}{zone}"),
        P::GYear => format!("{y:04}{zone}"),
        P::GMonthDay => format!("--{m:02}-{d:02}{zone}"),
        P::GMonth => format!("--{m:02}{zone}"),
        P::GDay => format!("---{d:02}{zone}"),
        _ => "P1D".to_owned(),
    }
}

//! `/assets/…`: style sheet, script, icon.

use std::sync::Arc;

use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::assets::ASSETS;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/assets/{file}", Who::Anyone), show)
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(_: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let asset = ASSETS.find(visit.path("file")).ok_or(Fail::Nowhere)?;
    let answer = Answer::asset(asset.content_type, asset.bytes);
    Ok(if asset.is_gzip { answer.gzipped() } else { answer })
}

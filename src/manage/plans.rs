use super::{Actor, Listed, Manage, ManageError, Managed, Part, hold, removal, text};
use crate::auth::{Application, Subscription};
use crate::store::{Change, Expected, Keep, Versioned, on_plan};
use crate::throttle::{LimitError, Plan, Quota, Rate};

/// A plan to be, or what becomes of one. Limits as people write them: `20 per minute`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPlan {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Calls in a window; `None`: as many as come.
    pub quota: Option<String>,
    /// Calls at once; `None`: as many as the quota has.
    pub burst: Option<String>,
}

impl Manage {
    /// The plans of the tenant: everybody may know them.
    ///
    /// # Errors
    /// The store.
    pub async fn plans(&self, actor: &Actor, part: &Part) -> Managed<Listed<Plan>> {
        self.listed(&actor.tenant, part).await
    }

    /// A plan by its name.
    ///
    /// # Errors
    /// It is not there.
    pub async fn plan(&self, actor: &Actor, name: &str) -> Managed<Plan> {
        Ok(self.named(PLAN, &actor.tenant, name).await?.value)
    }

    /// Makes a plan.
    ///
    /// # Errors
    /// Its name is in use, or something does not fit.
    pub async fn create_plan(&self, actor: &Actor, new: NewPlan) -> Managed<Plan> {
        actor.administrates()?;
        text::word("name", &new.name)?;
        let plan = read(actor, &new)?;
        let _turn = self.turn().await;
        let tenant = self.tenant_of(actor).await?;
        self.must_be_free::<Plan>(PLAN, &actor.tenant, &new.name).await?;
        let changes = vec![hold(&tenant)?, Change::put(&plan, Expected::Absent)?];
        self.write(changes, actor.did("plan.create", &plan.name, said("made", &plan))).await?;
        Ok(plan)
    }

    /// Puts a plan in the place of the one of its name. It is in force for all who are on it within two seconds.
    ///
    /// # Errors
    /// There is none of that name, or something does not fit.
    pub async fn replace_plan(&self, actor: &Actor, new: NewPlan) -> Managed<Plan> {
        actor.administrates()?;
        let value = read(actor, &new)?;
        let _turn = self.turn().await;
        let version = self.named::<Plan>(PLAN, &actor.tenant, &new.name).await?.version;
        let found = Versioned { version, value };
        self.write(vec![hold(&found)?], actor.did("plan.update", &found.value.name, said("changed", &found.value))).await?;
        Ok(found.value)
    }

    /// Removes a plan.
    ///
    /// # Errors
    /// It is not there, or something is on it.
    pub async fn remove_plan(&self, actor: &Actor, name: &str) -> Managed<()> {
        actor.administrates()?;
        let _turn = self.turn().await;
        let found = self.named::<Plan>(PLAN, &actor.tenant, name).await?;
        let key = on_plan(&actor.tenant, name);
        let in_use = |by: String| Err(ManageError::InUse { kind: PLAN, name: name.to_owned(), by });
        if !self.store.page_by::<Subscription>(&key, None, 1).await?.0.is_empty() {
            return in_use("subscriptions are on it".to_owned());
        }
        if !self.store.page_by::<Application>(&key, None, 1).await?.0.is_empty() {
            return in_use("applications are on it".to_owned());
        }
        if let Some(api) = self.api_on_plan(&actor.tenant, name).await? {
            return in_use(format!("the API {api} is offered on it"));
        }
        self.write(vec![removal(&found)], actor.did("plan.remove", name, format!("removed the plan {name}"))).await
    }
}

const PLAN: &str = "plan";

fn read(actor: &Actor, new: &NewPlan) -> Managed<Plan> {
    text::prose("display_name", &new.display_name)?;
    let quota = new.quota.as_deref().map(|t| t.parse::<Quota>().map_err(|e| wrong("quota", t, &e))).transpose()?;
    let burst = new.burst.as_deref().map(|t| t.parse::<Rate>().map_err(|e| wrong("burst", t, &e))).transpose()?;
    let (tenant, name) = (actor.tenant.clone(), new.name.as_str().into());
    Ok(Plan { tenant, name, display_name: new.display_name.clone(), quota, burst })
}

fn wrong(field: &'static str, text: &str, error: &LimitError) -> ManageError {
    let expected = match error {
        LimitError::Form { .. } => "a limit such as `20 per minute`, `5/s` or `100 per 10 seconds`".to_owned(),
        LimitError::Unit { .. } => "a limit with a unit of time: second, minute, hour or day".to_owned(),
        LimitError::Calls | LimitError::Window => format!("good: {error}"),
    };
    ManageError::invalid(field, expected, text)
}

fn said(done: &str, plan: &Plan) -> String {
    let quota = plan.quota.map_or_else(|| "as many calls as come".to_owned(), |q| q.to_string());
    let burst = plan.burst.map(|b| format!(", at once {b}")).unwrap_or_default();
    format!("{done} the plan {}: {quota}{burst}", plan.name)
}

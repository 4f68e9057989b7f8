//! What a token says of its bearer.

use crate::model::{AccessLabel, Principal, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// In `label_map`: every label.
const EVERY_LABEL: &str = "*";
/// Roles by how much they allow; of several that a token names, the first one counts.
const STRONGEST_FIRST: [Role; 4] = [Role::Admin, Role::Engineer, Role::Auditor, Role::Agent];

/// A token that says too little, or something unusable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// No name.
    #[error("expected the claim `{0}` to name its bearer")]
    NoName(String),
    /// No role.
    #[error("expected the claim `{0}` to name a role that this server knows")]
    NoRole(String),
}

/// Where a token says what. A claim is named as a whole, or by its path with dots:
/// `realm_access.roles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimNames {
    /// The name of the principal, as it stands in records. Choose one that its bearer
    /// cannot change: answers belong to names.
    pub name_claim: String,
    /// The role: a text, or a list of texts of which the strongest role counts.
    pub role_claim: String,
    /// Roles by the texts that stand for them; when empty, the names of the roles.
    pub role_map: BTreeMap<String, Role>,
    /// The role of tokens that name none; they are refused when there is none.
    pub default_role: Option<Role>,
    /// The access labels: a list of texts, or one text with spaces between them.
    pub label_claim: String,
    /// Labels by the texts that stand for them, `*` for every label; when empty, each
    /// text is a label itself. Texts that are not in the map give nothing.
    pub label_map: BTreeMap<String, BTreeSet<String>>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            name_claim: "sub".to_owned(),
            role_claim: "role".to_owned(),
            role_map: BTreeMap::new(),
            default_role: None,
            label_claim: "labels".to_owned(),
            label_map: BTreeMap::new(),
        }
    }
}

impl ClaimNames {
    /// The principal of these claims.
    pub(super) fn principal(&self, claims: &Value) -> Result<Principal, ClaimsError> {
        let name = texts(claims, &self.name_claim).into_iter().next().unwrap_or_default();
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(ClaimsError::NoName(self.name_claim.clone()));
        }
        let named: Vec<Role> = texts(claims, &self.role_claim)
            .iter()
            .filter_map(|text| match self.role_map.is_empty() {
                true => text.parse().ok(),
                false => self.role_map.get(*text).copied(),
            })
            .collect();
        let role = STRONGEST_FIRST.into_iter().find(|role| named.contains(role));
        let role = role.or(self.default_role);
        let role = role.ok_or_else(|| ClaimsError::NoRole(self.role_claim.clone()))?;
        Ok(Principal::new(name, role, self.labels(claims)))
    }

    fn labels(&self, claims: &Value) -> Option<BTreeSet<AccessLabel>> {
        let said = texts(claims, &self.label_claim);
        let said = said.iter().flat_map(|text| text.split_whitespace());
        let label = |text: &str| AccessLabel(text.to_owned());
        if self.label_map.is_empty() {
            return Some(said.map(label).collect());
        }
        let mapped: BTreeSet<&String> =
            said.filter_map(|text| self.label_map.get(text)).flatten().collect();
        let all = mapped.iter().any(|text| *text == EVERY_LABEL);
        (!all).then(|| mapped.iter().map(|text| label(text)).collect())
    }
}

/// The texts of a claim; none when there is no such claim.
fn texts<'c>(claims: &'c Value, name: &str) -> Vec<&'c str> {
    let by_path = || name.split('.').try_fold(claims, |value, key| value.get(key));
    match claims.get(name).or_else(by_path) {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(names: &[&str]) -> Option<BTreeSet<AccessLabel>> {
        Some(names.iter().map(|name| AccessLabel((*name).to_owned())).collect())
    }

    #[test]
    fn without_a_map_roles_and_labels_are_named_as_they_are() {
        let names = ClaimNames::default();
        let found = names.principal(&json!({ "sub": "u1", "role": "agent", "labels": ["a", "*"] }));
        assert_eq!(found, Ok(Principal::new("u1", Role::Agent, labels(&["a", "*"]))));
        let found = names.principal(&json!({ "sub": "u1", "role": ["x", "agent", "engineer"] }));
        assert_eq!(found, Ok(Principal::new("u1", Role::Engineer, labels(&[]))));
    }

    #[test]
    fn a_map_gives_what_it_names_and_nothing_else() {
        let names: ClaimNames = toml::from_str(
            "
            name_claim = 'email'
            role_claim = 'realm_access.roles'
            role_map = { support = 'agent', boss = 'admin' }
            label_claim = 'https://x.test/groups'
            label_map = { hr = ['staff', 'salaries'], root = ['*'] }
            ",
        )
        .unwrap();
        let claims = |roles: &[&str], groups: &str| {
            names.principal(&json!({
                "email": "a@x.test",
                "realm_access": { "roles": roles },
                "https://x.test/groups": groups,
            }))
        };
        let agent = Principal::new("a@x.test", Role::Agent, labels(&["staff", "salaries"]));
        assert_eq!(claims(&["support", "admin"], "hr staff *"), Ok(agent));
        assert_eq!(claims(&["boss"], "root"), Ok(Principal::new("a@x.test", Role::Admin, None)));
        let error = claims(&["admin"], "hr").unwrap_err().to_string();
        assert!(error.contains("realm_access.roles"), "{error}");
    }

    #[test]
    fn nobody_without_a_name_is_let_in() {
        let names = ClaimNames { default_role: Some(Role::Agent), ..ClaimNames::default() };
        for claims in
            [json!({}), json!({ "sub": " " }), json!({ "sub": 7 }), json!({ "sub": "a\n" })]
        {
            assert_eq!(names.principal(&claims), Err(ClaimsError::NoName("sub".into())));
        }
        assert_eq!(
            names.principal(&json!({ "sub": "u" })),
            Ok(Principal::new("u", Role::Agent, labels(&[])))
        );
    }
}

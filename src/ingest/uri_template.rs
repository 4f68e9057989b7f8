//! URI templates (RFC 6570) as far as tables need them: `{a}`, `{+a}`, `{#a}` and
//! several names in one expression.

use super::records::encode_but;

const UNRESERVED: &str = "-._~";
const RESERVED: &str = "-._~:/?#[]@!$&'()*+,;=%";

/// A template that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UriTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Names { operator: Option<char>, names: Vec<String> },
}

impl UriTemplate {
    /// Reads a template; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((expression, after)) = after.split_once('}') else {
                return Err(format!("the template `{text}` has a `{{` without `}}`"));
            };
            parts.push(Part::Text(before.to_owned()));
            let operator = expression.chars().next().filter(|c| matches!(c, '+' | '#'));
            let names = expression.strip_prefix(['+', '#']).unwrap_or(expression).split(',');
            let names: Vec<String> = names.map(str::to_owned).collect();
            let is_name = |name: &String| {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '%' | '-'))
            };
            if !names.iter().all(is_name) {
                return Err(format!(
                    "the template `{text}` has the expression `{{{expression}}}`; \
                     expected names of columns, or `+` or `#` before them"
                ));
            }
            parts.push(Part::Names { operator, names });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Puts values for names; none when a name has no value.
    pub(super) fn expand(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let mut expanded = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => expanded.push_str(text),
                Part::Names { operator, names } => {
                    let kept = if operator.is_some() { RESERVED } else { UNRESERVED };
                    let values: Option<Vec<String>> =
                        names.iter().map(|n| Some(encode_but(&value(n)?, kept))).collect();
                    expanded.extend(operator.filter(|operator| *operator == '#'));
                    expanded.push_str(&values?.join(","));
                }
            }
        }
        Some(expanded)
    }

    /// The names that it uses.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Names { names, .. } => Some(names),
        });
        names.flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_for_names() {
        let value = |name: &str| match name {
            "id" => Some("a/b c".to_owned()),
            "n" => Some("7".to_owned()),
            _ => None,
        };
        let check = |template, expected: Option<&str>| {
            let parsed = UriTemplate::parse(template).unwrap();
            assert_eq!(parsed.expand(&value).as_deref(), expected, "{template}");
        };
        check("http://e.test/{id}", Some("http://e.test/a%2Fb%20c"));
        check("{+id}", Some("a/b%20c"));
        check("x{#n}", Some("x#7"));
        check("{id,n}", Some("a%2Fb%20c,7"));
        check("{gone}", None);
    }

    #[test]
    fn a_bad_template_is_refused() {
        assert!(UriTemplate::parse("a{b").unwrap_err().contains("without `}`"));
        assert!(UriTemplate::parse("{/b}").unwrap_err().contains("`{/b}`"));
    }
}

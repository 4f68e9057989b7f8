//! A headless Chromium, driven through chromedriver by the WebDriver protocol (W3C,
//! 2018), of which a few commands are enough here.

use crate::access::client as http;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long something may take to appear on a page.
const PATIENCE: Duration = Duration::from_secs(60);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Without these a browser looks for hosts of its maker, and the sandbox refuses root.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A window of a browser with a profile of its own.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    _profile: TempDir,
}

/// A program by the first of these names that is there.
fn found(names: &[&str]) -> Option<String> {
    let is_there = |name: &&&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    names.iter().find(is_there).map(|name| (*name).to_owned())
}

impl Browser {
    /// Opens a window of this size; `None` when the environment says that browsers are
    /// left out.
    pub(crate) async fn open(width: u32, height: u32) -> Option<Self> {
        if std::env::var_os("VERITRAIL_SKIP_BROWSER").is_some() {
            eprintln!("left out: VERITRAIL_SKIP_BROWSER is set");
            return None;
        }
        let missing = "no Chromium with chromedriver is here: run .ci/browser, which installs \
                       them, or set VERITRAIL_SKIP_BROWSER=1 to leave the tests of pages out";
        let chromium = found(&["chromium", "google-chrome", "chromium-browser"]).expect(missing);
        let name = found(&["chromedriver"]).expect(missing);
        let mut driver = Command::new(name).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let port = line.split_once("started successfully on port ")?.1;
            Some(port.trim_end_matches('.').to_owned())
        });
        // What it says later goes nowhere, but somebody has to read it.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={width},{height}"));
        let wishes = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": which(&chromium), "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let base = format!("http://127.0.0.1:{}/session", port.unwrap());
        // On a machine with much to do, a browser may take longer to start than its driver
        // waits for it.
        let mut body = Value::Null;
        for _ in 0..3 {
            let response = http().post(&base).json(&wishes).send().await.unwrap();
            body = response.json().await.unwrap();
            if body["value"]["sessionId"].is_string() {
                break;
            }
        }
        let id = body["value"]["sessionId"].as_str();
        assert!(id.is_some(), "the browser does not start: {body}");
        let id = id.unwrap();
        let browser = Self { driver, session: format!("{base}/{id}"), _profile: profile };
        // The window's size counts its frame; a page is to have this one.
        browser.resize(width, height).await;
        Some(browser)
    }

    /// Gives the page another size.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
        }});
        self.command("goog/cdp/execute", metrics).await;
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.session);
        let response = http().post(url).json(&body).send().await.unwrap();
        let body: Value = response.json().await.unwrap();
        assert!(body["value"]["error"].is_null(), "{path}: {body}");
        body["value"].clone()
    }

    /// Opens a page.
    pub(crate) async fn go(&self, url: &str) {
        self.command("url", json!({ "url": url })).await;
    }

    /// Whether the system is to be dark or light.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let body =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": feature } });
        self.command("goog/cdp/execute", body).await;
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let body = json!({ "script": format!("return ({expression});"), "args": [] });
        self.command("execute/sync", body).await
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn wait(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(&format!("Boolean({expression})")).await != json!(true) {
            if Instant::now() > end {
                let page = self.value("document.body.innerText").await;
                let log = self.log().await;
                assert!(page.is_null(), "{expression} never came: the page says {page}, {log:?}");
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }

    /// Waits for the first element that fits.
    pub(crate) async fn find(&self, css: &str) -> String {
        self.wait(&format!("document.querySelector({})", json!(css))).await;
        let found = self.command("element", json!({ "using": "css selector", "value": css })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks on the first element that fits.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.command(&format!("element/{element}/click"), json!({})).await;
    }

    /// Types into the first element that fits; a file field takes a path.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.command(&format!("element/{element}/value"), json!({ "text": text })).await;
    }

    /// Presses keys, one after the other, whatever has the focus; modifiers stay pressed.
    pub(crate) async fn press(&self, keys: &[&str]) {
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let all: Vec<Value> = down.chain(up).collect();
        self.command(
            "actions",
            json!({ "actions": [{ "type": "key", "id": "keys", "actions": all }] }),
        )
        .await;
    }

    /// The text of the first element that fits.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await;
        let text = self.value(&format!("document.querySelector({}).innerText", json!(css))).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What the browser complained about since the last time: errors of scripts,
    /// violations of the policy, and requests that failed.
    pub(crate) async fn log(&self) -> Vec<String> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default().into_iter();
        let loud = entries.filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        loud.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Where a program is, since the driver does not search for it.
fn which(name: &str) -> String {
    let output = Command::new("sh").args(["-c", "command -v \"$0\"", name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Drop for Browser {
    fn drop(&mut self) {
        let session = self.session.clone();
        // The window closes with its session, also when a test fails.
        let close = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { drop(http().delete(session).send().await) });
        });
        drop(close.join());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

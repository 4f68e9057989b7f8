//! Finding and loading the ONNX Runtime library.

use serde::{Deserialize, Serialize};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Where to look for the library, in order.
#[derive(Clone, Debug, Default)]
pub struct RuntimeSearch {
    candidates: Vec<(&'static str, PathBuf)>,
}

/// What runs the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA card by its number. The library must be built for CUDA, as that of
    /// the Python package `onnxruntime-gpu` is.
    Cuda(i32),
}

/// A device that is not known.
#[derive(Debug, thiserror::Error)]
#[error("expected the device `cpu`, `cuda` or `cuda:NUMBER`, found `{0}`")]
pub struct UnknownDevice(String);

impl TryFrom<String> for Device {
    type Error = UnknownDevice;

    fn try_from(text: String) -> Result<Self, UnknownDevice> {
        match text.as_str() {
            "cpu" => return Ok(Self::Cpu),
            "cuda" => return Ok(Self::Cuda(0)),
            _ => {}
        }
        let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
        number.filter(|number| *number >= 0).map(Self::Cuda).ok_or(UnknownDevice(text))
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        match device {
            Device::Cpu => "cpu".to_owned(),
            Device::Cuda(number) => format!("cuda:{number}"),
        }
    }
}

/// The loaded library; needed to load models.
#[derive(Clone)]
pub struct Runtime {
    environment: ort::environment::Environment,
    path: PathBuf,
    device: Device,
}

/// No candidate could be loaded.
#[derive(Debug, thiserror::Error)]
#[error(
    "no ONNX Runtime 1.24 or newer could be loaded; tried:{tried}\nhint: run `veritrail models pull onnxruntime`, or set ORT_DYLIB_PATH to a libonnxruntime.so"
)]
pub struct RuntimeError {
    /// One line for each candidate with the reason.
    pub tried: String,
}

/// The folder for models and the runtime: `VERITRAIL_CACHE`, else
/// `XDG_CACHE_HOME/veritrail`, else `~/.cache/veritrail`.
pub fn cache_dir_from_env() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("VERITRAIL_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("veritrail")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/veritrail")))
        .unwrap_or_else(|| PathBuf::from(".veritrail-cache"))
}

impl RuntimeSearch {
    /// The usual order: `explicit`, `ORT_DYLIB_PATH`, the cache, the `capi`
    /// folder of an installed Python package, the system.
    pub fn from_env(explicit: Option<&Path>, cache_dir: &Path) -> Self {
        let mut candidates = Vec::new();
        if let Some(path) = explicit {
            candidates.push(("configuration", path.to_owned()));
        }
        if let Some(path) = env::var_os("ORT_DYLIB_PATH") {
            candidates.push(("ORT_DYLIB_PATH", PathBuf::from(path)));
        }
        let cached = cache_dir.join("models/onnxruntime/libonnxruntime.so");
        candidates.push(("cache", cached));
        Self { candidates }
    }

    /// Loads the first candidate that works. A process loads one library; later
    /// calls return it.
    ///
    /// # Errors
    /// When none works: the message lists each with its reason.
    pub fn load(&self) -> Result<Runtime, RuntimeError> {
        static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return Ok(runtime.clone());
        }
        let mut tried = String::new();
        let found = self.candidates.iter().cloned().find_map(|c| attempt(c, &mut tried));
        // The later candidates cost a process or a search of the system, so
        // they are made only when needed.
        let found = found
            .or_else(|| python_library().and_then(|p| attempt(("Python package", p), &mut tried)))
            .or_else(|| attempt(("system", PathBuf::from("libonnxruntime.so")), &mut tried));
        let runtime = found.ok_or(RuntimeError { tried })?;
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }
}

impl Runtime {
    /// The file that was loaded.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same library with another device for the models that are loaded from
    /// now on.
    #[must_use]
    pub fn on(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    pub(super) fn device(&self) -> Device {
        self.device
    }

    pub(super) fn environment(&self) -> &ort::environment::Environment {
        &self.environment
    }
}

fn attempt((origin, path): (&'static str, PathBuf), tried: &mut String) -> Option<Runtime> {
    let mut reject = |reason: String| {
        tried.push_str(&format!("\n  {origin}: {}: {reason}", path.display()));
    };
    if origin != "system" && !path.is_file() {
        reject("no such file".to_owned());
        return None;
    }
    let builder = match ort::init_from(&path) {
        Ok(builder) => builder,
        Err(error) => {
            reject(error.to_string());
            return None;
        }
    };
    match builder.with_name("veritrail").with_telemetry(false).build() {
        Ok(environment) => Some(Runtime { environment, path, device: Device::Cpu }),
        Err(error) => {
            reject(error.to_string());
            None
        }
    }
}

/// The library inside an installed `onnxruntime` package, found without importing it.
fn python_library() -> Option<PathBuf> {
    let script = "import importlib.util as u;s=u.find_spec('onnxruntime');print(s.submodule_search_locations[0] if s else '')";
    let output = Command::new("python3").args(["-c", script]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    let folder = Path::new(folder.trim()).join("capi");
    std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).find(|path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("libonnxruntime.so"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        for (name, device) in
            [("cpu", Device::Cpu), ("cuda:0", Device::Cuda(0)), ("cuda:3", Device::Cuda(3))]
        {
            assert_eq!(Device::try_from(name.to_owned()).unwrap(), device);
            assert_eq!(String::from(device), name);
        }
        assert_eq!(Device::try_from("cuda".to_owned()).unwrap(), Device::Cuda(0));
        for wrong in ["gpu", "cuda:", "cuda:-1", ""] {
            let error = Device::try_from(wrong.to_owned()).unwrap_err().to_string();
            assert!(error.contains("`cuda:NUMBER`"), "{error}");
        }
    }
}

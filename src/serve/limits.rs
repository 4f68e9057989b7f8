//! How much one caller may ask for, and how slowly.

use super::error::ApiError;
use crate::config::ServeConfig;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::hash::Hash;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Callers that are remembered before those are forgotten that have a full quota again.
const MAX_REMEMBERED: usize = 20_000;
/// Requests that may come at once however small the quota is.
const AT_ONCE: u32 = 10;
/// Who is sent away because all is busy may come back after this time, in seconds.
const RETRY_AFTER_S: u64 = 1;

/// Quotas of callers, and places for requests.
pub(super) struct Limits {
    by_principal: PerCaller<String>,
    by_address: PerCaller<IpAddr>,
    failures: PerCaller<IpAddr>,
    places: Arc<Semaphore>,
    n_places: usize,
    request_timeout: Duration,
    body_pause: Duration,
    min_body_bytes_per_s: u64,
}

impl Limits {
    pub(super) fn new(config: &ServeConfig) -> Self {
        let n_places = (config.max_concurrent + config.max_queued).min(Semaphore::MAX_PERMITS);
        Self {
            by_principal: PerCaller::new(config.requests_per_minute),
            by_address: PerCaller::new(config.requests_per_minute_without_credential),
            failures: PerCaller::new(config.failed_sign_ins_per_minute),
            places: Arc::new(Semaphore::new(n_places)),
            n_places,
            request_timeout: Duration::from_millis(config.request_timeout_ms),
            body_pause: Duration::from_millis(config.body_pause_ms),
            min_body_bytes_per_s: config.min_body_bytes_per_s.max(1),
        }
    }

    /// Requests that compute or wait for that, and how many may.
    pub(super) fn n_admitted(&self) -> (usize, usize) {
        (self.n_places.saturating_sub(self.places.available_permits()), self.n_places)
    }

    /// Counts a request of a principal.
    pub(super) fn count_principal(&self, name: &str) -> Result<(), ApiError> {
        self.by_principal.count(&name.to_owned())
    }

    /// Counts a request of an address that nobody is known behind.
    pub(super) fn count_address(&self, address: IpAddr) -> Result<(), ApiError> {
        self.by_address.count(&network(address))
    }

    /// Counts a credential from an address that was not accepted. One that is accepted
    /// always is, so that nobody locks others out.
    pub(super) fn count_failure(&self, address: IpAddr) -> Result<(), ApiError> {
        self.failures.count(&network(address))
    }

    /// A place for a request that computes, while it runs or waits to run.
    pub(super) fn admit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let message = "the server is busy; try again in a moment";
            ApiError::too_many("busy", message, RETRY_AFTER_S)
        })
    }

    /// Answers a request whose body comes in at a fair rate, in time.
    pub(super) async fn in_time<F>(
        &self,
        request: Request,
        answer: impl FnOnce(Request) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        let too_slow = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&too_slow);
        let (pause, rate) = (self.body_pause, self.min_body_bytes_per_s);
        let request = request
            .map(|body| Body::from_stream(at_least(body.into_data_stream(), pause, rate, mark)));
        let answered = tokio::time::timeout(self.request_timeout, answer(request)).await;
        if too_slow.load(Ordering::Relaxed) {
            let message = "the body of the request came in too slowly";
            let status = StatusCode::REQUEST_TIMEOUT;
            return ApiError::refused(status, "slow_request", message).into_response();
        }
        answered.unwrap_or_else(|_| {
            let message = "the answer took longer than this server waits";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            ApiError::refused(status, "timeout", message).into_response()
        })
    }
}

/// One quota for each caller, by the generic cell rate algorithm.
struct PerCaller<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> PerCaller<K> {
    /// A tenth of a minute's requests may come at once, or [`AT_ONCE`].
    fn new(per_minute: u32) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let at_once = (per_minute / 10).max(AT_ONCE).min(per_minute);
        let quota = Quota::per_minute(at_least_one(per_minute)).allow_burst(at_least_one(at_once));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    fn count(&self, caller: &K) -> Result<(), ApiError> {
        if self.limiter.len() > MAX_REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(caller).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let message = "more requests than this server allows in a minute";
            ApiError::too_many("rate_limit_exceeded", message, wait.as_secs() + 1)
        })
    }
}

/// The network of one site: an IPv4 address, or the upper half of an IPv6 one, of which
/// one site has as many as it likes.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// A body that ends with an error when it pauses too long, or comes in more slowly than
/// at `rate` bytes a second after the first pause. `too_slow` says so.
fn at_least<E: std::error::Error + Send + Sync + 'static>(
    body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    pause: Duration,
    rate: u64,
    too_slow: Arc<AtomicBool>,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
    // The clock runs from the first look at the body, not while a request waits.
    let state = (body, None::<Instant>, 0_u64, too_slow);
    stream::unfold(state, move |(mut body, begun, received, too_slow)| async move {
        let now = Instant::now();
        let begun = begun.unwrap_or(now);
        let fair = begun + pause + Duration::from_secs(received / rate);
        match timeout_at(fair.min(now + pause), body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => {
                let received = received + bytes.len() as u64;
                Some((Ok(bytes), (body, Some(begun), received, too_slow)))
            }
            Ok(Some(Err(error))) => {
                Some((Err(io::Error::other(error)), (body, Some(begun), received, too_slow)))
            }
            Err(_) => {
                too_slow.store(true, Ordering::Relaxed);
                let error = io::Error::from(io::ErrorKind::TimedOut);
                Some((Err(error), (body, Some(begun), received, too_slow)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn a_quota_is_spent_and_says_when_to_come_back() {
        let quota = PerCaller::new(20);
        assert!((0..10).all(|_| quota.count(&"a").is_ok()));
        let refused = quota.count(&"a").unwrap_err().into_response();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["retry-after"], "3");
        assert!(quota.count(&"b").is_ok());
    }

    #[test]
    fn a_site_is_one_caller() {
        let of = |address: &str| network(address.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn places_come_back() {
        let config = ServeConfig { max_concurrent: 1, max_queued: 1, ..ServeConfig::default() };
        let limits = Limits::new(&config);
        let places = [limits.admit().unwrap(), limits.admit().unwrap()];
        assert!(limits.admit().is_err());
        drop(places);
        assert!(limits.admit().is_ok());
    }

    async fn received(pauses_ms: &[u64], bytes_each: usize) -> (usize, bool) {
        let too_slow = Arc::new(AtomicBool::new(false));
        let pauses = stream::iter(pauses_ms.to_vec()).then(move |pause| async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            Ok::<_, Infallible>(Bytes::from(vec![0; bytes_each]))
        });
        let pause = Duration::from_secs(1);
        let body = at_least(Box::pin(pauses), pause, 100, Arc::clone(&too_slow));
        let n = body.take_while(|part| std::future::ready(part.is_ok())).count().await;
        (n, too_slow.load(Ordering::Relaxed))
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn bodies_that_pause_or_trickle_are_given_up() {
        run(async {
            assert_eq!(received(&[10, 10, 10], 1).await, (3, false));
            assert_eq!(received(&[10, 1_100], 1).await, (1, true));
            // 100 bytes a second are asked for after the first second.
            assert_eq!(received(&[300; 8], 10).await, (3, true));
            assert_eq!(received(&[300; 5], 60).await, (5, false));
        });
    }
}

"""Every real object, built once from the settings. Knows nothing of Flask."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from app import metrics
from app.extractor import Extractor, Parts, recall
from app.fetch import Fetcher, Resolver, TargetPolicy, TargetUrl, loggable
from app.fetch.browser.renderer import Renderer
from app.images.images import Images, open_signer
from app.jobs import Engine, Jobs
from app.jobs.allowance import Allowance, storage_full
from app.jobs.dependencies import JobDependencies
from app.jobs.embedded import Supervisor
from app.jobs.item_runner import ItemRunner
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender
from app.metadata import shipped_registry
from app.results import Outcome
from app.settings import Settings, SettingsError
from app.storage.cache import Cache
from app.storage.database import Database, open_ephemeral, open_local_fallback, open_primary
from app.storage.fallback import CircuitBreaker, FallbackBuckets, FallbackStore
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from app.storage.limits import Buckets, FileBuckets, RateLimiter, RedisBuckets, SqlBuckets
from app.storage.stores import SHARED_FACTOR, RedisStore, SqlStore, Store
from app.storage.usage import Usage
from app.threads.hosts import Hosts
from app.threads.pool import FairPool

log = structlog.get_logger()

THREADS = 64  # requests that one worker answers at a time
SPARE_THREADS = 12  # of them for what waits for no page: health, metrics, usage, jobs
REDIS_TIMEOUT = 0.5  # seconds


def prepare(settings: Settings) -> None:
    """Create the files and tables shared by all workers. Raises SettingsError on a full disk."""
    for database in (open_primary(settings), open_ephemeral(settings)):
        database.engine.dispose()
    Generations(settings.generations_file)
    FileBuckets(settings.data_dir / "rates")
    open_signer(settings)


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    primary: Database
    ephemeral: Database
    local_fallback: Database
    redis: Any
    keys: KeyStore
    rates: RateLimiter
    usage: Usage
    policy: TargetPolicy
    resolver: Resolver
    cache: Cache[Outcome]
    fetcher: Fetcher
    renderer: Renderer
    extractor: Extractor
    images: Images
    pool: FairPool
    hosts: Hosts
    jobs: Jobs

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """Connect and build. Raises what the stores raise if they do not answer."""
        primary, ephemeral = open_primary(settings), open_ephemeral(settings)
        redis = connect_redis(settings)
        local_fallback = open_local_fallback(settings) if redis else ephemeral
        store, buckets = _build_stores(settings, local_fallback, redis)
        generations, usage = Generations(settings.generations_file), Usage(primary)
        policy = _build_policy(settings)
        resolver, hosts = Resolver(), Hosts(settings.host_concurrency)
        fetcher = Fetcher(
            policy=policy,
            resolver=resolver,
            max_bytes=settings.max_bytes,
            timeout=settings.fetch_timeout,
            user_agent=settings.user_agent,
            accept_language=settings.accept_language,
            ca_bundle=settings.ca_bundle,
            max_redirects=settings.max_redirects,
            hosts=hosts,
            egress_proxy=settings.egress_proxy,
        )
        renderer = Renderer(
            policy=policy,
            resolver=resolver,
            chromium=settings.chromium,
            cdp_url=settings.cdp_url,
            max_bytes=settings.max_bytes,
            user_agent=settings.user_agent,
            accept_language=settings.accept_language,
            egress_proxy=settings.egress_proxy,
            max_redirects=settings.max_redirects,
        )
        images = Images.open(settings, fetcher.fetch)
        cache = Cache(
            store,
            recall,
            size=settings.cache_size,
            generations=generations,
            turns=settings.data_dir / "turns",
        )
        return cls(
            settings=settings,
            primary=primary,
            ephemeral=ephemeral,
            local_fallback=local_fallback,
            redis=redis,
            keys=KeyStore(primary, generations),
            rates=RateLimiter(buckets),
            usage=usage,
            policy=policy,
            resolver=resolver,
            cache=cache,
            fetcher=fetcher,
            renderer=renderer,
            extractor=Extractor(
                cache=cache,
                parts=Parts(
                    fetcher.fetch,
                    renderer.fetch,
                    settings.max_bytes,
                    _observe,
                    shipped_registry(*settings.oembed_providers),
                ),
                cache_ttl=settings.cache_ttl,
                failure_ttl=settings.failure_ttl,
                stale_ttl=settings.stale_ttl,
                pictures=images.facts,
            ),
            images=images,
            pool=FairPool(settings.pool_size, batches=THREADS - SPARE_THREADS, hosts=hosts, observe=_observe_pool),
            hosts=hosts,
            jobs=_open_jobs(settings, primary, usage),
        )

    def fill(self) -> None:
        """Start all threads, so that memory is the same before and after a burst."""
        self.cache.fill()
        self.pool.fill()
        self.resolver.fill()

    def job_dependencies(self) -> JobDependencies:
        """Dependencies of a job runner."""
        return JobDependencies(
            store=self.jobs.store,
            queue=self.jobs.queue,
            hooks=self.jobs.hooks,
            courier=WebhookSender(self.jobs.hooks, self.fetcher.post),
            run=ItemRunner(self.extractor.extract, self.settings.proxies, self.settings.fetch_timeout),
            allowance=self._allowance,
            size=self.settings.pool_size,
            hosts=self.hosts,
        )

    def _allowance(self, key_id: str) -> Allowance:
        key = self.keys.get(key_id)
        plan = self.settings.plans.get(key.plan) if key else None
        if plan is None:
            return Allowance()
        full = storage_full(plan) if self.jobs.store.is_full(key_id, plan) else None
        return Allowance(self.usage.left(key_id, plan), full)

    def close(self) -> None:
        """Let go of browsers, runners, threads and connections, when all that was read is kept."""
        self.jobs.engine.close()
        self.renderer.close()
        self.images.close()
        self.pool.close()
        self.cache.close()
        self.resolver.close()
        self.primary.close()
        self.ephemeral.engine.dispose()
        self.local_fallback.engine.dispose()

    def check_stores(self) -> dict[str, bool]:
        """Which stores answer: the database to a write, the others, which can be done without, to a look."""
        checks: dict[str, Callable[[], object]] = {"database": self.primary.try_to_write, "shared": self.ephemeral.ping}
        if self.redis:
            checks["redis"] = self.redis.ping
        return {name: _answers(check) for name, check in checks.items()}


def _answers(check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception:  # whatever a driver raises, the store does not answer
        log.exception("store does not answer")
        return False
    return True


def _build_stores(settings: Settings, database: Database, redis: Any) -> tuple[Store, Buckets]:
    """Where the cache and the rate limits are: in Redis, with the database to stand in for it, or in the database."""
    store = SqlStore(database, size=SHARED_FACTOR * settings.cache_size, most_bytes=settings.cache_mib * 2**20)
    buckets = FileBuckets(settings.data_dir / "rates") if database.is_sqlite else SqlBuckets(database)
    if not redis:
        return store, buckets
    outage = _new_breaker()
    return FallbackStore(outage, RedisStore(redis), store), FallbackBuckets(outage, RedisBuckets(redis), buckets)


def _new_breaker() -> CircuitBreaker:
    import redis

    return CircuitBreaker("redis", (redis.ConnectionError, redis.TimeoutError, OSError), (redis.RedisError,))


def _build_policy(settings: Settings) -> TargetPolicy:
    if settings.allow_targets:
        opened = ", ".join(
            f"{each.network}" + (f" port {each.port}" if each.port else "") for each in settings.allow_targets
        )
        log.warning("targets that are not public may be fetched: PAGECARD_ALLOW_TARGETS", networks=opened)
    return TargetPolicy(
        allow=settings.allow_targets,
        deny=settings.deny_targets,
        observe=_observe_verdict,
        ports=settings.target_ports,
        deny_hosts=settings.deny_hosts,
    )


def _open_jobs(settings: Settings, primary: Database, usage: Usage) -> Jobs:
    store = JobStore(primary, ttl=settings.job_ttl)
    queue, hooks = JobQueue(primary, usage.charge), WebhookQueue(primary)
    return Jobs(store, queue, hooks, _open_engine(settings, store, queue, hooks))


def _open_engine(settings: Settings, store: JobStore, queue: JobQueue, hooks: WebhookQueue) -> Engine:
    if settings.broker_url:
        try:
            from app.jobs.celery import Tickets, build_celery
        except ImportError:
            raise SettingsError("PAGECARD_BROKER_URL needs the extra celery: pip install 'pagecard[celery]'") from None
        return Tickets(build_celery(settings.broker_url))
    command = (sys.executable, "-P", "-m", "app.server.runner")  # never an `app` of the folder we happen to be in
    return Supervisor(settings.data_dir, store, queue, hooks, command, stdin=pickle.dumps(settings))


def connect_redis(settings: Settings) -> Any:
    """A client of the Redis server that is named, None if none is. Raises SettingsError without the extra."""
    if not settings.redis_url:
        return None
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise SettingsError("PAGECARD_REDIS_URL needs the extra redis: pip install 'pagecard[redis]'") from None
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        retry=Retry(NoBackoff(), 1),  # a connection that was kept may be one to a server that is gone
    )


def _observe(url: TargetUrl, outcome: str, reason: str, fetching: float, reading: float) -> None:
    metrics.fetches_by(outcome).inc()
    if reason:
        metrics.fetch_failures_by(outcome, reason).inc()
    metrics.FETCH_SECONDS.observe(fetching + reading)
    log.info(
        "fetch",
        url=loggable(url),
        outcome=outcome,
        reason=reason,
        fetch_ms=round(fetching * 1000, 1),
        read_ms=round(reading * 1000, 1),
    )


def _observe_verdict(verdict: str) -> None:
    metrics.verdicts_by(verdict).inc()


def _observe_pool(waiting: int, busy: int) -> None:
    metrics.POOL_WAITING.set(waiting)
    metrics.POOL_BUSY.set(busy)

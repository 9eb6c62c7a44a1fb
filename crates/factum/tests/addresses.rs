//! Addresses: what is understood, and that nothing else is let through.

use factum::{StoreErrorKind, StoreUrl, TenantId, TenantScope, UrlError};

fn refused(url: &str) -> UrlError {
    StoreUrl::parse(url).expect_err(url)
}

#[test]
fn memory_takes_a_tenant_and_no_place() {
    let url = StoreUrl::parse("memory:?tenant=acme").unwrap();
    assert_eq!(url.scope, Some(TenantScope::One(TenantId::new("acme").unwrap())));
    assert!(StoreUrl::parse("memory:").unwrap().scope.is_none());
    assert!(matches!(refused("memory:somewhere"), UrlError::BadPlace { .. }));
}

#[test]
fn unknown_duplicate_and_bad_options_are_refused() {
    let unknown = refused("memory:?tennant=a").to_string();
    assert!(unknown.contains("tenant") && unknown.contains("tennant"), "{unknown}");
    assert!(matches!(refused("memory:?tenant=a&tenant=a"), UrlError::DuplicateOption { .. }));
    assert!(matches!(refused("memory:?tenant=a b"), UrlError::BadValue { .. }));
    assert!(matches!(refused("memory:?tenant"), UrlError::BadValue { .. }));
    assert!(matches!(refused("memory:?tenant=%2"), UrlError::BadEscape { .. }));
    assert!(matches!(refused("memory:?tenant=%ff"), UrlError::BadEscape { .. }));
}

#[test]
fn schemes_are_known_not_built_in_or_unknown() {
    for url in ["nats:log", "libsql:log", "http://localhost"] {
        let error: factum::StoreError = refused(url).into();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{url}");
        assert!(error.to_string().contains("not built in"), "{error}");
    }
    let told = refused("postgress://ann:secret@host/db").to_string();
    assert!(told.contains("postgress") && !told.contains("secret"), "{told}");
    for url in ["", "log.db", "papyrus:scroll", "SQLITE:log.db"] {
        assert!(matches!(refused(url), UrlError::UnknownScheme { .. }), "{url}");
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use factum::Backend;

    use super::*;

    fn config(url: &str) -> factum::SqliteStoreConfig {
        match StoreUrl::parse(url).expect(url).backend {
            Backend::Sqlite(config) => config,
            other => panic!("expected a SQLite store, found {other:?}"),
        }
    }

    #[test]
    fn every_option_reaches_the_settings() {
        let options =
            "create=false&readers=5&busy_timeout_ms=7&foreign_poll_ms=9&bytes_max=1000000";
        let config =
            config(&format!("sqlite:log.db?{options}&cache_bytes_max=0&unsafe_no_flush=true"));
        assert_eq!((config.create, config.readers, config.unsafe_no_flush), (false, 5, true));
        assert_eq!((config.busy_timeout_ms, config.foreign_poll_ms), (7, 9));
        assert_eq!((config.bytes_max, config.cache_bytes_max), (Some(1_000_000), 0));
    }

    #[test]
    fn paths_are_decoded_and_may_start_with_slashes() {
        assert_eq!(config("sqlite:a%20b%3Fc.db").path.to_str(), Some("a b?c.db"));
        assert_eq!(config("sqlite://log.db").path.to_str(), Some("log.db"));
        assert_eq!(config("sqlite:///tmp/log.db").path.to_str(), Some("/tmp/log.db"));
        assert!(matches!(refused("sqlite:"), UrlError::BadPlace { .. }));
        assert!(matches!(refused("sqlite::memory:"), UrlError::BadPlace { .. }));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for option in [
            "readers=0",
            "readers=65",
            "readers=x",
            "create=yes",
            "bytes_max=-1",
            "cache_bytes_max=x",
        ] {
            let refused = refused(&format!("sqlite:log.db?{option}"));
            assert!(matches!(refused, UrlError::BadValue { .. }), "{option}");
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use factum::{Backend, PostgresStoreConfig};

    use super::*;

    fn config(url: &str) -> PostgresStoreConfig {
        match StoreUrl::parse(url).expect(url).backend {
            Backend::Postgres(config) => config,
            other => panic!("expected a PostgreSQL store, found {other:?}"),
        }
    }

    #[test]
    fn every_option_reaches_the_settings() {
        let ours =
            "schema=bank&create=false&connections_max=3&connect_timeout_ms=1&busy_timeout_ms=2";
        let more =
            "answer_timeout_ms=3&idle_timeout_ms=4&foreign_poll_ms=5&notify=false&prepare=false";
        let last = "sslrootcert=/ca.pem&unsafe_no_flush=true&tenant=acme";
        let config = config(&format!("postgres://ann@host/log?{ours}&{more}&{last}"));
        assert_eq!((config.schema.as_str(), config.connections_max), ("bank", 3));
        assert_eq!((config.connect_timeout_ms, config.busy_timeout_ms), (1, 2));
        assert_eq!((config.answer_timeout_ms, config.idle_timeout_ms), (3, 4));
        assert_eq!((config.foreign_poll_ms, config.notify, config.prepare), (5, false, false));
        assert_eq!((config.create, config.unsafe_no_flush), (false, true));
        assert_eq!(config.root_certificates.as_deref(), Some("/ca.pem".as_ref()));
        assert_eq!(config.url, "postgres://ann@host/log");
    }

    #[test]
    fn the_drivers_options_are_handed_on_as_they_are() {
        let url =
            "postgresql://ann:p%40ss@host:5433/log?sslmode=require&schema=a&application_name=a%20b";
        let config = config(url);
        let expected =
            "postgresql://ann:p%40ss@host:5433/log?sslmode=require&application_name=a%20b";
        assert_eq!(config.url, expected);
        assert!(!format!("{config:?}").contains("p%40ss"));
    }

    /// What an address says, as the driver reads it.
    fn read(url: &str) -> Result<[String; 4], String> {
        use factum_postgres::tokio_postgres::config::Host;

        let parsed = StoreUrl::parse(url).map_err(|error| error.to_string())?;
        let Backend::Postgres(config) = parsed.backend else { return Err("another store".into()) };
        let config: factum_postgres::tokio_postgres::Config =
            config.url.parse().map_err(|_| "refused by the driver".to_owned())?;
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => format!("{host}:{}", config.get_ports()[0]),
            other => format!("{other:?}"),
        };
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"")).into_owned();
        Ok([
            config.get_user().unwrap_or_default().to_owned(),
            text(config.get_password()),
            host,
            config.get_dbname().unwrap_or_default().to_owned(),
        ])
    }

    /// Text of up to eight characters, many of which mean something in an address.
    fn text(random: &mut fastrand::Rng, withheld: &str) -> String {
        const CHARACTERS: [char; 20] = [
            '@', '/', '?', '#', '%', ':', '&', '=', '[', ']', ' ', '+', ',', ';', 'ä', '4', '0',
            'a', 'F', 'z',
        ];
        let mut text = String::from("x");
        for _ in 0..random.usize(..8) {
            let character = CHARACTERS[random.usize(..CHARACTERS.len())];
            if !withheld.contains(character) {
                text.push(character);
            }
        }
        text
    }

    fn escaped(text: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric().then(|| char::from(byte).to_string());
        text.bytes().map(|byte| plain(byte).unwrap_or_else(|| format!("%{byte:02X}"))).collect()
    }

    /// A percent sign before two digits is an escape, whatever was meant by it.
    fn looks_escaped(text: &str) -> bool {
        let mut after = text.split('%').skip(1);
        after.any(|it| it.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
    }

    #[test]
    fn random_addresses_mean_what_they_say_or_are_refused() {
        let (mut understood, mut refused) = (0, 0);
        for seed in 0..20_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (user, password) = (text(&mut random, ":"), text(&mut random, "") + "s3cret");
            let database = text(&mut random, "");
            let port = random.u16(1..);
            let meant = [&user, &password, &format!("db.internal:{port}"), &database];
            let options = ["", "?schema=a", "?application_name=a%40b"][random.usize(..3)];

            let [u, p, d] = [&user, &password, &database].map(|it| escaped(it));
            let url = format!("postgres://{u}:{p}@db.internal:{port}/{d}{options}");
            assert_eq!(
                read(&url).as_ref().map(<[_; 4]>::each_ref),
                Ok(meant),
                "seed {seed}: {url}"
            );

            let sometimes = |random: &mut fastrand::Rng, text: &str| {
                if random.bool() { escaped(text) } else { text.to_owned() }
            };
            let [u, p] = [&user, &password].map(|it| sometimes(&mut random, it));
            let raw = [(&user, &u), (&password, &p)];
            if raw.iter().any(|(text, part)| text == part && looks_escaped(text)) {
                continue;
            }
            let url = format!("postgres://{u}:{p}@db.internal:{port}/{d}{options}");
            match read(&url) {
                Ok(said) => {
                    assert_eq!(said.each_ref(), meant, "seed {seed}: {url}");
                    understood += 1;
                }
                Err(told) => {
                    assert!(!told.contains("s3cret"), "seed {seed}: {told}");
                    refused += 1;
                }
            }
        }
        assert!(
            understood > 1_000 && refused > 1_000,
            "{understood} understood, {refused} refused"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let told = refused("postgres://ann:pa?secret@host/log").to_string();
        assert!(!told.contains("secret"), "{told}");
        let told = refused("postgres:ann:secret@host").to_string();
        assert!(!told.contains("secret"), "{told}");
        for (url, character) in [
            ("postgres://ann:p@ss@host/log", '@'),
            ("postgres://ann:pa/ss@host/log", '/'),
            ("postgres://ann:pa?ss@host/log", '?'),
            ("postgres://ann:1?create=ss@host/log", '?'),
            ("postgres://ann:pass@host/log?user=a@b", '@'),
            ("postgresql://ann:pa#ss@host/log", '#'),
            ("postgres://ann:50%@host/log", '%'),
            ("postgres://ann:pass@host/log?application_name=%2", '%'),
        ] {
            assert_eq!(refused(url), UrlError::Unescaped { character }, "{url}");
        }
        for option in ["connections_max=0", "notify=perhaps", "busy_timeout_ms=-1"] {
            let refused = refused(&format!("postgres://host/log?{option}"));
            assert!(matches!(refused, UrlError::BadValue { .. }), "{option}");
        }
        let unknown = refused("postgres://host/log?scheme=a");
        assert!(matches!(unknown, UrlError::UnknownOption { .. }));
    }
}

#[cfg(not(feature = "postgres"))]
#[test]
fn postgres_is_known_where_it_is_not_built_in() {
    let error: factum::StoreError = refused("postgres://localhost/log").into();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
}

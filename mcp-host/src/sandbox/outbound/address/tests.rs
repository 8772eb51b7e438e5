//! Every address that has been used to make a server ask itself, or its cloud.

use super::*;
use crate::sandbox::grants::{Grant, Grants};

/// The scope of every kind of address, and its edges.
const SCOPES: &[(&str, Scope)] = &[
    ("1.1.1.1", Scope::Public),
    ("8.8.8.8", Scope::Public),
    ("93.184.216.34", Scope::Public),
    ("9.255.255.255", Scope::Public),
    ("11.0.0.0", Scope::Public),
    ("100.63.255.255", Scope::Public),
    ("100.128.0.0", Scope::Public),
    ("126.255.255.255", Scope::Public),
    ("128.0.0.0", Scope::Public),
    ("169.253.255.255", Scope::Public),
    ("169.255.0.0", Scope::Public),
    ("172.15.255.255", Scope::Public),
    ("172.32.0.0", Scope::Public),
    ("192.0.1.0", Scope::Public),
    ("192.167.255.255", Scope::Public),
    ("192.169.0.0", Scope::Public),
    ("198.17.255.255", Scope::Public),
    ("198.20.0.0", Scope::Public),
    ("223.255.255.255", Scope::Public),
    ("2000::1", Scope::Public),
    ("2001:200::1", Scope::Public),
    ("2606:4700:4700::1111", Scope::Public),
    ("2a00:1450:4001::1", Scope::Public),
    ("::ffff:1.1.1.1", Scope::Public),
    ("64:ff9b::1.1.1.1", Scope::Public),
    ("2002:101:101::", Scope::Public),
    ("10.0.0.0", Scope::Private),
    ("10.255.255.255", Scope::Private),
    ("127.0.0.1", Scope::Private),
    ("127.255.255.255", Scope::Private),
    ("172.16.0.0", Scope::Private),
    ("172.31.255.255", Scope::Private),
    ("192.168.0.0", Scope::Private),
    ("192.168.255.255", Scope::Private),
    ("100.64.0.0", Scope::Private),
    ("100.127.255.255", Scope::Private),
    ("::1", Scope::Private),
    ("fc00::1", Scope::Private),
    ("fdff:ffff::1", Scope::Private),
    // Beside those of metadata services.
    ("fd00:ec2::24", Scope::Private),
    ("fd00:ec2:1::23", Scope::Private),
    ("fd20:ce::253", Scope::Private),
    ("fd00:c1::a9fe:a9ff", Scope::Private),
    ("::ffff:127.0.0.1", Scope::Private),
    ("::ffff:10.0.0.1", Scope::Private),
    ("64:ff9b::127.0.0.1", Scope::Private),
    ("2002:7f00:1::", Scope::Private),
    ("2002:c0a8:101::1", Scope::Private),
    ("169.254.0.0", Scope::Special),
    ("169.254.169.254", Scope::Special),
    ("169.254.170.2", Scope::Special),
    ("169.254.255.255", Scope::Special),
    ("100.100.100.200", Scope::Special),
    ("168.63.129.16", Scope::Special),
    ("192.0.0.192", Scope::Special),
    ("192.0.0.1", Scope::Special),
    ("192.0.2.1", Scope::Special),
    ("192.88.99.1", Scope::Special),
    ("198.18.0.0", Scope::Special),
    ("198.19.255.255", Scope::Special),
    ("198.51.100.1", Scope::Special),
    ("203.0.113.1", Scope::Special),
    ("240.0.0.0", Scope::Special),
    ("255.255.255.254", Scope::Special),
    ("fe80::1", Scope::Special),
    ("fe80::a9fe:a9fe", Scope::Special),
    ("fec0::1", Scope::Special),
    ("fd00:ec2::254", Scope::Special),
    ("fd00:ec2::23", Scope::Special),
    ("fd20:ce::254", Scope::Special),
    ("fd00:c1::a9fe:a9fe", Scope::Special),
    ("::2", Scope::Special),
    ("::127.0.0.1", Scope::Special),
    ("::1.1.1.1", Scope::Special),
    ("::169.254.169.254", Scope::Special),
    ("::ffff:169.254.169.254", Scope::Special),
    ("::ffff:0:127.0.0.1", Scope::Special),
    ("64:ff9b::169.254.169.254", Scope::Special),
    ("64:ff9b:1::127.0.0.1", Scope::Special),
    ("64:ff9b:1::1.1.1.1", Scope::Special),
    ("64:ff9b:1:a9fe:a9:fe00::", Scope::Special),
    ("2002:a9fe:a9fe::1", Scope::Special),
    ("2001::1", Scope::Special),
    ("2001:0:7f00:1::80ff:fffe", Scope::Special),
    ("2001:0:101:101::fefe:fefe", Scope::Special),
    ("2001:2::1", Scope::Special),
    ("2001:10::1", Scope::Special),
    ("2001:db8::1", Scope::Special),
    ("3fff::1", Scope::Special),
    ("4000::1", Scope::Special),
    ("5f00::1", Scope::Special),
    ("100::1", Scope::Special),
    ("0.0.0.0", Scope::NoHost),
    ("0.255.255.255", Scope::NoHost),
    ("224.0.0.1", Scope::NoHost),
    ("239.255.255.255", Scope::NoHost),
    ("255.255.255.255", Scope::NoHost),
    ("::", Scope::NoHost),
    ("ff02::1", Scope::NoHost),
    ("ff0e::1", Scope::NoHost),
    ("::ffff:0.0.0.0", Scope::NoHost),
    ("::ffff:224.0.0.1", Scope::NoHost),
    ("64:ff9b::255.255.255.255", Scope::NoHost),
];

#[test]
fn every_kind_of_address_has_its_scope() {
    for (address, expected) in SCOPES {
        assert_eq!(scope(address.parse().expect(address)), *expected, "{address}");
    }
}

/// Ways to spell an address in a URL, and what it is then.
const SPELLINGS: &[(&str, &str)] = &[
    ("127.0.0.1", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0X7F000001", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("00000177.0.0.1", "127.0.0.1"),
    ("0177.0x0.0.1", "127.0.0.1"),
    ("017700000001", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("%31%32%37.0.0.1", "127.0.0.1"),
    ("127%2e0%2e0%2e1", "127.0.0.1"),
    ("0", "0.0.0.0"),
    ("0x", "0.0.0.0"),
    ("0.0", "0.0.0.0"),
    ("2852039166", "169.254.169.254"),
    ("0xa9fea9fe", "169.254.169.254"),
    ("0xA9.0xFE.0xA9.0xFE", "169.254.169.254"),
    ("0251.0376.0251.0376", "169.254.169.254"),
    ("169.254.43518", "169.254.169.254"),
    ("169.16689662", "169.254.169.254"),
    ("3232235777", "192.168.1.1"),
    ("10.1", "10.0.0.1"),
    ("[::1]", "::1"),
    ("[0:0:0:0:0:0:0:1]", "::1"),
    ("[0000:0000:0000:0000:0000:0000:0000:0001]", "::1"),
    ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
    ("[::FFFF:7F00:0001]", "::ffff:127.0.0.1"),
    ("[0:0:0:0:0:ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ("[::127.0.0.1]", "::127.0.0.1"),
    ("[::ffff:169.254.169.254]", "::ffff:169.254.169.254"),
    ("[64:ff9b::a9fe:a9fe]", "64:ff9b::169.254.169.254"),
    ("[::]", "::"),
    ("0000.0.0.0", "0.0.0.0"),
    ("0x0", "0.0.0.0"),
    ("00", "0.0.0.0"),
    ("127.0.0.0x1", "127.0.0.1"),
    ("127.0.0.01", "127.0.0.1"),
    ("127.0x1", "127.0.0.1"),
    ("127.000001", "127.0.0.1"),
    ("0x7f.0.1", "127.0.0.1"),
    ("0x000000007f000001", "127.0.0.1"),
    ("000000000000000000017700000001", "127.0.0.1"),
    ("2130706433.", "127.0.0.1"),
    ("%32130706433", "127.0.0.1"),
    ("%30x7f.1", "127.0.0.1"),
    ("\u{ff11}\u{ff12}\u{ff17}.0.0.1", "127.0.0.1"),
    ("127\u{3002}0\u{3002}0\u{3002}1", "127.0.0.1"),
    ("\u{2460}27.0.0.1", "127.0.0.1"),
    ("169.254.169.0xfe", "169.254.169.254"),
    ("169.0xfe.0251.254", "169.254.169.254"),
    ("0xa9.254.43518", "169.254.169.254"),
    ("025177524776", "169.254.169.254"),
    ("0xA9FEA9FE.", "169.254.169.254"),
    ("10.0.1", "10.0.0.1"),
    ("012.1", "10.0.0.1"),
    ("0xa000001", "10.0.0.1"),
    ("167772161", "10.0.0.1"),
    ("172.1048577", "172.16.0.1"),
    ("192.168.257", "192.168.1.1"),
    ("0300.0250.1.1", "192.168.1.1"),
    ("1681915905", "100.64.0.1"),
    ("[0::1]", "::1"),
    ("[::0.0.0.1]", "::1"),
    ("[::ffff:0:7f00:1]", "::ffff:0:127.0.0.1"),
    ("[2002:7f00:1::]", "2002:7f00:1::"),
    ("[fe80::0001]", "fe80::1"),
    ("[FD00:EC2::254]", "fd00:ec2::254"),
];

#[test]
fn a_spelling_is_read_as_the_address_that_it_is_and_no_manifest_reaches_it() {
    for (spelling, expected) in SPELLINGS {
        let url = url::Url::parse(&format!("https://{spelling}/")).expect(spelling);
        let host = url.host().expect(spelling).to_owned();
        let address: IpAddr = match &host {
            Host::Ipv4(address) => (*address).into(),
            Host::Ipv6(address) => (*address).into(),
            Host::Domain(name) => panic!("{spelling} is read as the name {name}"),
        };
        assert_eq!(address, expected.parse::<IpAddr>().expect("an address"), "{spelling}");
        // Even a manifest that names it does not reach it.
        let grant = Grant::at_host(spelling, &["GET".to_owned()], None).ok();
        let destination = grant.and_then(|grant| {
            let uri = format!("https://{spelling}/").parse().ok()?;
            Grants::new(vec![grant]).allow(&http::Method::GET, &uri)
        });
        if let Some(destination) = destination {
            assert_eq!(check(address, &destination), Err(OutboundError::AddressProhibited), "{spelling}");
        }
    }
}

fn reaches(url: &str, address: &str) -> bool {
    let grant = Grant::at_url(url, &["GET".to_owned()], None).expect("a grant");
    let destination =
        Grants::new(vec![grant]).allow(&http::Method::GET, &url.parse().expect("a URI")).expect("granted");
    check(address.parse().expect("an address"), &destination).is_ok()
}

#[test]
fn a_name_of_the_operators_reaches_private_addresses_and_no_metadata() {
    assert!(reaches("http://prometheus.internal/", "10.1.2.3"));
    assert!(reaches("http://prometheus.internal/", "::1"));
    assert!(reaches("http://prometheus.internal/", "::ffff:192.168.1.1"));
    assert!(reaches("http://prometheus.internal/", "fd00:ec2::24"));
    for address in [
        "169.254.169.254",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "100.100.100.200",
        "::ffff:169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
    ] {
        assert!(!reaches("http://prometheus.internal/", address), "{address}");
    }
}

#[test]
fn an_address_that_the_operator_wrote_out_is_reached_and_no_other_like_it() {
    assert!(reaches("http://169.254.10.1/", "169.254.10.1"));
    assert!(reaches("http://[fe80::1]/", "fe80::1"));
    assert!(!reaches("http://169.254.10.1/", "169.254.169.254"));
    assert!(!reaches("http://0.0.0.0/", "0.0.0.0"));
    assert!(!reaches("http://255.255.255.255/", "255.255.255.255"));
}

#[test]
fn one_address_that_is_prohibited_condemns_the_name() {
    let grant = Grant::at_host("api.example.com", &["GET".to_owned()], None).expect("a grant");
    let uri = "https://api.example.com/".parse().expect("a URI");
    let destination = Grants::new(vec![grant]).allow(&http::Method::GET, &uri).expect("granted");
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>();
    assert_eq!(check_all(&addresses(&["1.1.1.1:443", "[2606:4700::1]:443"]), &destination), Ok(()));
    let mixed = addresses(&["1.1.1.1:443", "127.0.0.1:443"]);
    assert_eq!(check_all(&mixed, &destination), Err(OutboundError::AddressProhibited));
}

"""What an ``ovn-trace`` says is read."""

from skerry.drivers.network.ovn.trace import outputs


def test_a_packet_comes_out_where_it_is_put_out():
    assert outputs('ct_next(ct_state=new|trk) {\n    output("eni-1");\n};') == {"eni-1"}
    assert outputs("ct_next(ct_state=new|trk);") == set()


def test_questions_for_neighbours_are_not_the_packet():
    asked = 'ip.ttl--;\narp {{\n    arp.op = 1;\n    output("{}");\n}};'
    assert outputs(asked.format("eni-1")) == set()


def test_what_routers_and_firewalls_answer_is_not_the_packet():
    for heading in ("icmp4", "tcp_reset", "reject"):
        assert (
            outputs(f'{heading} {{\n    eth.dst <-> eth.src;\n    output("eni-1");\n}};') == set()
        )

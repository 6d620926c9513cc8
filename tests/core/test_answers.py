# SPDX-License-Identifier: MIT
"""The ledger of answers as a value: whose answer it is that arrives."""

from appliance.core.answers import Answers, Expected


def asked(*turns):
    """The turns were closed, one after the other, and the network has taken them."""
    answers = Answers()
    for turn in turns:
        answers = answers.ask(turn).take(turn, now=float(turn))
    return answers


def test_answers_come_in_the_order_in_which_turns_were_closed():
    answers = asked(1, 2)
    assert answers.turns == (1, 2)
    assert answers.begin(audible=True).unbegun == (2,)
    assert answers.end().turns == (2,)


def test_nothing_answers_a_turn_that_the_network_has_not_taken():
    answers = Answers().ask(1)
    assert answers.is_of_older(now=9.0)
    assert answers.closed_at == float("inf")
    taken = answers.take(1, now=9.0)
    assert not taken.is_of_older(now=9.0)
    assert taken.closed_at == 9


def test_of_two_turns_the_last_that_is_taken_says_when_the_next_may_open():
    answers = Answers().ask(1).ask(2).take(1, now=3.0)
    assert answers.closed_at == float("inf")
    assert answers.take(2, now=4.0).closed_at == 4


def test_what_was_hushed_stays_so_on_every_link():
    answers = asked(1, 2).hush(2, until=9.0)
    assert answers.hushed
    left = answers.ask(3).leave_link()
    assert left.turns == ()
    assert [left.may_sound(turn) for turn in (2, 3)] == [False, True]


def test_hushing_an_older_turn_takes_nothing_back():
    assert Answers().hush_through(3).hush_through(2).hushed_through == 3


def test_what_comes_unasked_is_not_waited_for_once_somebody_asks():
    answers = asked(1).may_come()
    assert answers.turns == (1, 0)
    assert answers.ask(2).turns == (1, 2)


def test_what_comes_unasked_and_has_begun_keeps_its_place():
    begun = Answers().may_come().begin(audible=True)
    assert begun.ask(2).turns == (0, 2)
    assert begun.name(2).turns == (2,)


def test_hushed_before_it_began_it_may_still_come_for_a_while():
    answers = Answers().may_come().hush(1, until=9.0)
    assert answers.turns == ()
    asked_then = answers.ask(2).take(2, now=1.0)
    assert asked_then.is_of_older(now=1.2)
    assert not asked_then.is_of_older(now=1.4)


def test_hushed_after_it_began_nothing_else_is_expected():
    begun = Answers().may_come().begin(audible=True).name(1)
    assert begun.hush(1, until=9.0).unasked_until == float("-inf")


def test_interrupted_without_a_later_turn_it_is_an_older_answer_that_ends():
    interrupted = asked(2).interrupt()
    assert interrupted.ends_older(turn_open=False)
    assert not interrupted.ends_older(turn_open=True)
    assert not interrupted.begin(audible=True).ends_older(turn_open=False)
    assert not asked(1, 2).interrupt().ends_older(turn_open=False)
    assert not interrupted.end_older().ends_older(turn_open=False)


def test_refused_or_wrongly_silent_answers_in_a_row_are_counted():
    silent = asked(1).begin(audible=False)
    failed = silent.judge(refusal=False, failure_if_silent=True)
    assert failed.failed == 1
    assert failed.judge(refusal=True, failure_if_silent=False).failed == 2
    assert failed.judge(refusal=False, failure_if_silent=False).failed == 1


def test_an_answer_that_is_heard_ends_the_row_of_failures():
    failed = asked(1).judge(refusal=True, failure_if_silent=True)
    heard = failed.begin(audible=False).begin(audible=True)
    assert heard.judge(refusal=False, failure_if_silent=True).failed == 0
    assert heard.judge(refusal=True, failure_if_silent=True).failed == 2


def test_a_remark_that_was_due_behind_an_unbegun_answer_ends_before_it():
    answers = asked(1).may_come()
    preceded = answers.preceded()
    assert preceded is not None
    assert preceded.expected == (Expected(1),)
    assert answers.begin(audible=True).preceded() is None
    assert asked(1, 2).preceded() is None

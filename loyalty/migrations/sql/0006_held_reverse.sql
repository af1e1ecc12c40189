drop view loyalty_held;
drop function loyalty_hold();

-- reads: nothing   writes: nothing   re-run: no
drop function mall_open_earlier(mall_gift, timestamptz, integer);
drop function mall_next_opening(mall_gift, timestamptz);
drop function mall_open(mall_gift, timestamptz);
drop function mall_window_open(mall_giftwindow, timestamptz, timestamp);
drop function mall_moment_of_month(timestamp, integer, interval);
drop function mall_zone();

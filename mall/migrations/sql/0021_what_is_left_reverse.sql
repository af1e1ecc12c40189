-- reads: nothing   writes: nothing   re-run: no
drop trigger gift_counting_stays on mall_gift;
drop function mall_counting_stays;
drop function mall_coupons_for;
drop function mall_coupons_there;

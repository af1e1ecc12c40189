drop trigger identity_arrives_again on members_identity;
drop trigger member_arrives_again on members_member;
drop function members_change();
drop trigger identity_arrives on members_identity;
drop trigger member_arrives on members_member;
drop function members_arrive();

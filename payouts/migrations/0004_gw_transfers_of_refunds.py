from django.db import migrations


def owe(apps, schema_editor):
    """Each refund that failed before there were transfers for them gets its own."""
    transfers = apps.get_model("payouts", "RefundTransfer")
    accounts = apps.get_model("accounts", "BankAccount").objects.filter(replaced_at=None)
    failed = apps.get_model("payments", "Refund").objects.filter(state="FAILED").select_related("payment")
    for refund in failed.order_by("pk"):
        payer = refund.payment.payer_id
        account = accounts.filter(user=payer).first()
        transfers.objects.create(refund=refund, payee_id=payer, cents=refund.cents, bank_account=account)


class Migration(migrations.Migration):
    """Old refunds that no card took are paid by transfer too."""

    dependencies = [("payouts", "0003_gw_refund_transfers")]

    operations = [migrations.RunPython(owe, migrations.RunPython.noop)]

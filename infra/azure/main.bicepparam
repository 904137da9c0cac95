using 'main.bicep'

param name = 'meshgrains'
// az aks show --name CLUSTER --resource-group RG --query oidcIssuerProfile.issuerUrl --output tsv
param oidcIssuer = 'https://REGION.oic.prod-aks.azure.com/TENANT/CLUSTER/'
